import { setTimeout as wait } from "node:timers/promises";
import type { ServedGateway } from "../support/served-gateway.ts";
import { settledMb } from "./idle-streams.ts";
import type { Stand } from "./stand.ts";

/** What is done once after the start is over by then. */
const calmMs = 1500;

/** The gateway while nobody calls it. */
export interface Rest {
  /** From spawning to the first good answer of /readyz, each start. */
  readonly startsMs: readonly number[];
  /** Memory before the first call. */
  readonly mb: number;
  /** CPU time, in per cent of a core. */
  readonly cpuPercent: number;
}

/**
 * Starts a gateway several times, and looks at the last one, which goes on.
 * @param timing how often, and how long CPU time is looked at.
 */
export async function restOf(
  stand: Stand,
  { starts, watchMs }: { readonly starts: number; readonly watchMs: number },
): Promise<{ gateway: ServedGateway; rest: Rest }> {
  // Once beforehand, so that the cache of compiled code and the files are there, as they are at every start but the first.
  let gateway = await stand.gateway();
  const startsMs: number[] = [];
  while (startsMs.length < starts) {
    await stand.stop(gateway.child);
    gateway = await stand.gateway();
    startsMs.push(gateway.startMs);
  }
  if (starts > 0) await wait(calmMs);
  const mb = await settledMb(gateway.child);
  const startMs = performance.now();
  const runMs = gateway.child.runMs();
  await wait(watchMs);
  const cpuPercent = ((gateway.child.runMs() - runMs) / (performance.now() - startMs)) * 100;
  return { gateway, rest: { startsMs, mb, cpuPercent } };
}
