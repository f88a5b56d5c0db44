import type { Config } from "../config/schema.ts";
import type { Surroundings } from "../credentials/surroundings.ts";
import { GatewayError } from "../model/error.ts";
import { providerKinds } from "../providers/index.ts";
import { Snapshot, usesSimulator } from "../snapshot.ts";

/** How long a provider may take to answer. */
const probeMs = 10_000;

/** What a provider said. */
export interface Probe {
  readonly id: string;
  /** Undefined: it answers and takes the key. */
  readonly error: GatewayError | undefined;
}

/** Asks each provider, all at once, whether it is there and takes the key. The built-in simulator is not asked. */
export async function probe(config: Config, surroundings: Surroundings): Promise<readonly Probe[]> {
  const providers = config.providers.filter((provider) => !usesSimulator(provider));
  const { fleet } = new Snapshot(
    { ...config, providers },
    { kinds: providerKinds, simulatorUrl: undefined, surroundings },
  );
  const signal = AbortSignal.timeout(probeMs);
  try {
    return await Promise.all(
      [...fleet.providers.values()].map(async ({ id, check }) => {
        try {
          await check?.(signal);
          return { id, error: undefined };
        } catch (error) {
          return { id, error: GatewayError.of(error) };
        }
      }),
    );
  } finally {
    await fleet.retire();
  }
}
