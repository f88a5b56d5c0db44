import type { Config } from "../config/schema.ts";
import type { Surroundings } from "../credentials/surroundings.ts";
import { kindsWith } from "../extensions/kinds.ts";
import { GatewayError } from "../model/error.ts";
import type { Fleet } from "../providers/fleet.ts";
import { providerKinds } from "../providers/index.ts";
import { Snapshot, usesSimulator } from "../snapshot.ts";

/** How long a provider may take to answer. */
const probeMs = 10_000;

/** What a provider said: "in" where it answers and lets the gateway in, "silent" where nothing is to be asked for free. */
export interface Probe {
  readonly id: string;
  /** Where the provider has several. */
  readonly credential: string | undefined;
  readonly said: "in" | "silent" | GatewayError;
}

/**
 * The providers of a configuration, open; retire them. The built-in simulator is left out. Rejects with a GatewayError for what
 * cannot work.
 */
export async function openProviders(config: Config, surroundings: Surroundings): Promise<Fleet> {
  const providers = config.providers.filter((provider) => !usesSimulator(provider));
  const kinds = await kindsWith(providerKinds, config.extensions);
  const parts = { kinds, simulatorUrl: undefined, surroundings };
  return new Snapshot({ ...config, providers }, parts).fleet;
}

/** Asks each provider, all at once, whether it is there and lets the gateway in, with each of its credentials. */
export function probe({ twins }: Fleet): Promise<readonly Probe[]> {
  const signal = AbortSignal.timeout(probeMs);
  return Promise.all(
    [...twins.values()].flat().map(async ({ id, credential, check }) => {
      if (check === undefined) return { id, credential, said: "silent" };
      try {
        await check(signal);
        return { id, credential, said: "in" };
      } catch (error) {
        return { id, credential, said: GatewayError.of(error) };
      }
    }),
  );
}
