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
  readonly providers: ReadonlyMap<string, OpenProvider>;
  readonly #instances: ReadonlyMap<string, Instance>;

  /** Throws INVALID_REQUEST, with nothing left open, for settings that cannot work. */
  constructor(instances: readonly Instance[], parts: FleetParts) {
    const providers = new Map<string, OpenProvider>();
    const opened: OpenProvider[] = [];
    try {
      for (const instance of instances) {
        const kept = parts.before?.unchanged(instance);
        const provider = kept ?? open(instance, parts);
        if (kept === undefined) opened.push(provider);
        providers.set(instance.id, provider);
      }
    } catch (error) {
      for (const provider of opened) void provider.close();
      throw error;
    }
    this.providers = providers;
    this.#instances = new Map(instances.map((instance) => [instance.id, instance]));
  }

  /** The open provider of these very settings. */
  unchanged(instance: Instance): OpenProvider | undefined {
    return isDeepStrictEqual(this.#instances.get(instance.id), instance) ? this.providers.get(instance.id) : undefined;
  }

  /** Closes what the next fleet did not take over; calls under way finish first. */
  async retire(next?: Fleet): Promise<void> {
    const left = [...this.providers.values()].filter((provider) => next?.providers.get(provider.id) !== provider);
    await Promise.all(left.map((provider) => provider.close()));
  }
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
