import type { Timing } from "./costs.ts";
import { gatewaySide, type Stand } from "./stand.ts";

/** What one number of workers did, a figure for each round. */
export interface Crew {
  readonly callsPerSecond: readonly number[];
  /** Of all their processes, per call. */
  readonly cpuUs: readonly number[];
}

/** What a second worker brings. */
export interface Scaling {
  readonly one: Crew;
  readonly two: Crew;
}

/**
 * Whole answers over gRPC from one worker on one core, and from two on two, in turn. Where the machine has no more than
 * two cores, the load takes its time from the second.
 */
export async function scalingOf(stand: Stand, { rounds, firstWarmMs, sliceMs }: Timing): Promise<Scaling> {
  await stand.upstream.answer("unary");
  const crews = await Promise.all(
    [1, 2].map(async (workers) => {
      const cores = stand.cores && (workers === 1 ? "0" : "0,1");
      const { process, target } = gatewaySide(await stand.gateway({ cores, workers }), "grpc");
      return { workers, process, target, callsPerSecond: [] as number[], cpuUs: [] as number[] };
    }),
  );
  for (const { workers, target } of crews) {
    await stand.generator.check(target, "unary");
    // Each of its processes has code to compile, and a part of the calls.
    const endMs = performance.now() + firstWarmMs * workers;
    while (performance.now() < endMs) await stand.generator.closed(target, "unary", sliceMs);
  }
  for (let round = 0; round < rounds; round++) {
    for (const { process, target, callsPerSecond, cpuUs } of crews) {
      const cpuMs = process.familyCpuMs();
      const { calls, durationMs } = await stand.generator.closed(target, "unary", sliceMs);
      cpuUs.push(((process.familyCpuMs() - cpuMs) * 1000) / calls);
      callsPerSecond.push((calls * 1000) / durationMs);
    }
  }
  for (const { process, target } of crews) {
    await stand.generator.check(target, "unary");
    await stand.stop(process);
  }
  const [one, two] = crews.map(({ callsPerSecond, cpuUs }) => ({ callsPerSecond, cpuUs }));
  if (one === undefined || two === undefined) throw new Error("there are no crews");
  return { one, two };
}
