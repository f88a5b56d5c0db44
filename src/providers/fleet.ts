import { isDeepStrictEqual } from "node:util";
import type { Surroundings } from "../credentials/surroundings.ts";
import { GatewayError } from "../model/error.ts";
import { type OpenProvider, openProvider, type ProviderFacts, type ProviderSettings } from "./provider.ts";

/** An instance of a kind of provider, as configured. */
export interface Instance extends ProviderSettings {
  readonly kind: string;
}

/** Where the providers of a configuration come from. */
export interface FleetParts {
  /** The kinds that instances can be of, by name. */
  readonly kinds: ReadonlyMap<string, ProviderFacts>;
  readonly surroundings: Surroundings;
  /** The fleet to take unchanged providers from. */
  readonly before?: Fleet | undefined;
}

/**
 * The open providers of one configuration. Immutable: a new configuration makes a new fleet, which takes over the
 * providers whose settings did not change, with their connections.
 */
export class Fleet {
  /** One for each name: the first, where a provider is open with several credentials. */
  readonly providers: ReadonlyMap<string, OpenProvider>;
  /** All of each name, in the order of their credentials. */
  readonly twins: ReadonlyMap<string, readonly OpenProvider[]>;
  readonly #open: readonly Opened[];

  /** Throws INVALID_REQUEST, with nothing left open, for settings that cannot work. */
  constructor(instances: readonly Instance[], parts: FleetParts) {
    const twins = new Map<string, OpenProvider[]>();
    const all: Opened[] = [];
    const fresh: OpenProvider[] = [];
    try {
      for (const instance of instances) {
        const facts = parts.kinds.get(instance.kind);
        const kept = parts.before?.unchanged(instance, facts);
        const provider = kept ?? open(instance, parts);
        if (kept === undefined) fresh.push(provider);
        all.push({ instance, facts, provider });
        twins.set(instance.id, [...(twins.get(instance.id) ?? []), provider]);
      }
    } catch (error) {
      for (const provider of fresh) void provider.close();
      throw error;
    }
    this.twins = twins;
    this.providers = new Map([...twins].flatMap(([id, [first]]) => (first === undefined ? [] : [[id, first]])));
    this.#open = all;
  }

  /** The open provider of these very settings and facts. */
  unchanged(instance: Instance, facts: ProviderFacts | undefined): OpenProvider | undefined {
    return this.#open.find((opened) => opened.facts === facts && isDeepStrictEqual(opened.instance, instance))
      ?.provider;
  }

  /** Closes what the next fleet did not take over; calls under way finish first. */
  async retire(next?: Fleet): Promise<void> {
    const taken = new Set(next === undefined ? [] : next.#open.map(({ provider }) => provider));
    const left = this.#open.filter(({ provider }) => !taken.has(provider));
    await Promise.all(left.map(({ provider }) => provider.close()));
  }
}

interface Opened {
  readonly instance: Instance;
  readonly facts: ProviderFacts | undefined;
  readonly provider: OpenProvider;
}

function open(instance: Instance, { kinds, surroundings }: FleetParts): OpenProvider {
  const facts = kinds.get(instance.kind);
  if (facts !== undefined) return openProvider(facts, instance, surroundings);
  const known = [...kinds.keys()].join(", ");
  throw new GatewayError(
    "INVALID_REQUEST",
    `provider ${instance.id} is of the unknown kind ${instance.kind} (${known})`,
  );
}
