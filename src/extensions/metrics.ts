import type { Registry } from "prom-client";
import { GatewayError } from "../model/error.ts";
import { Family } from "../telemetry/family.ts";
import type { ExtensionMetric, ExtensionMetrics } from "./contract.ts";

const prefix = "llmhub_extension_";
const familiesMax = 20;
const labelsMax = 4;
const helpCharsMax = 200;
const word = /^[a-z][a-z0-9_]{0,39}$/;

interface Known {
  /** The extension that it belongs to. */
  readonly owner: string;
  readonly type: "counter" | "gauge";
  readonly labels: readonly string[];
  readonly family: Family<string>;
}

/** The metrics of all extensions. They outlive reloads: a counter goes on where it was. */
export class ExtensionFamilies {
  readonly #registry: Registry;
  readonly #known = new Map<string, Known>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** Those of one extension. Its `counter` and `gauge` throw INVALID_REQUEST for names that Prometheus or the bounds forbid. */
  of(extension: string): ExtensionMetrics {
    return {
      counter: (name, help, labels = []) => this.#family("counter", extension, name, help, labels),
      gauge: (name, help, labels = []) => this.#family("gauge", extension, name, help, labels),
    };
  }

  #family(type: Known["type"], owner: string, name: string, help: string, labels: readonly string[]): ExtensionMetric {
    if (![name, ...labels].every((each) => word.test(each)) || new Set(labels).size < labels.length) {
      throw unusable(`must have a name, and labels, of lower-case letters, digits and _`);
    }
    if (labels.length > labelsMax) throw unusable(`has more than ${labelsMax} labels`);
    const fullName = `${prefix}${owner.replaceAll("-", "_")}_${name}`;
    const known = this.#known.get(fullName);
    if (known !== undefined && known.owner !== owner) throw unusable("has the name of one of another extension");
    if (known?.type === type && String(known.labels) === String(labels)) return known.family;
    if (known !== undefined) this.#registry.removeSingleMetric(fullName);
    else if ([...this.#known.values()].filter((each) => each.owner === owner).length >= familiesMax) {
      throw unusable(`is one more than the ${familiesMax} that an extension may have`);
    }
    const text = help.slice(0, helpCharsMax) || name;
    const family = new Family<string>(this.#registry, type, { name: fullName, help: text, labels });
    this.#known.set(fullName, { owner, type, labels, family });
    return family;
  }
}

function unusable(why: string): GatewayError {
  return new GatewayError("INVALID_REQUEST", `a metric ${why}`);
}
