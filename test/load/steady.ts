import { type Capacity, loadOf } from "./capacity.ts";
import { atMost, type Row } from "./goal.ts";
import { Histogram } from "./histogram.ts";
import type { Tallies } from "./order.ts";
import type { Stand } from "./stand.ts";
import { failuresOf, sumOf, type Tally } from "./tally.ts";
import { during } from "./watch.ts";

/** L1: what the gateway adds, in turns with calls that go straight to the upstream. */
export async function overhead(stand: Stand, { perSecond }: Capacity, rounds: number): Promise<Row> {
  const whole = await paired(stand, 0.3 * perSecond, rounds, false);
  const stream = await paired(stand, 0.3 * perSecond, rounds, true);
  const added = (pair: Pair, quantile: number) => pair.gateway.at(quantile) - pair.direct.at(quantile);
  return {
    id: "L1",
    priority: "P0",
    load: `0.3 C, ${rounds} rounds of 2 s, in turns with direct calls`,
    goals: [
      atMost({ what: "added p50", value: added(whole, 0.5), limit: 1.5, unit: " ms" }),
      atMost({ what: "added p99", value: added(whole, 0.99), limit: 8, unit: " ms" }),
      atMost({ what: "added time to first output, p99", value: added(stream, 0.99), limit: 10, unit: " ms" }),
    ],
  };
}

interface Pair {
  readonly gateway: Histogram;
  readonly direct: Histogram;
}

async function paired(stand: Stand, perSecond: number, rounds: number, stream: boolean): Promise<Pair> {
  const slices = { gateway: [] as Tally[], direct: [] as Tally[] };
  // The first round opens connections.
  for (let round = -1; round < rounds; round++) {
    for (const via of ["direct", "gateway"] as const) {
      const durationMs = round < 0 ? 1000 : 2000;
      const tallies = await stand.open(loadOf([{ perSecond, durationMs }], { via, stream }));
      const failures = failuresOf(sumOf(tallies["load"] ?? []));
      if (failures > 0) throw new Error(`${failures} calls at 0.3 C failed (${via})`);
      if (round >= 0) slices[via].push(...(tallies["load"] ?? []));
    }
  }
  const durations = ({ answered, first }: Tally) => (stream ? first : answered);
  return {
    gateway: Histogram.of(...slices.gateway.map(durations)),
    direct: Histogram.of(...slices.direct.map(durations)),
  };
}

/** L2: nearly all that it can, for long. */
export async function sustained(stand: Stand, capacity: Capacity, seconds: number): Promise<Row> {
  await stand.upstream("seen");
  const memory: (readonly [minutes: number, mb: number])[] = [];
  const files: number[] = [];
  const startMs = performance.now();
  const load = loadOf([{ perSecond: 0.7 * capacity.perSecond, durationMs: seconds * 1000 }]);
  const tallies: Tallies = await during(stand.open(load), 500, () => {
    memory.push([(performance.now() - startMs) / 60_000, stand.gateway.residentMb()]);
    files.push(stand.gateway.openFiles());
  });
  const slices = tallies["load"] ?? [];
  const sum = sumOf(slices);
  const part = Math.min(60, Math.floor(seconds / 6));
  const p99 = (some: readonly Tally[]) => sumOf(some).answered.at(0.99);
  const { hits } = await stand.upstream("seen");
  const settled = memory.slice(Math.floor(memory.length * 0.3));
  const third = Math.floor(files.length / 3);
  const drift = Math.max(...files.slice(-third)) - Math.max(...files.slice(0, third));
  return {
    id: "L2",
    priority: "P0",
    load: `0.7 C for ${seconds} s`,
    goals: [
      atMost({ what: "errors", value: failuresOf(sum), limit: 0, gross: sum.sent / 1000 }),
      atMost({
        what: "upstream calls without an answer to a caller",
        value: hits - sum.ok,
        limit: 0,
        gross: sum.sent / 1000,
      }),
      atMost({ what: "p99 ÷ B.p99", value: sum.answered.at(0.99) / capacity.base.at(0.99), limit: 2.5 }),
      atMost({
        what: `p99 of the last ${part} s ÷ of the first`,
        value: p99(slices.slice(-part)) / p99(slices.slice(0, part)),
        limit: 1.2,
      }),
      atMost({
        what: "memory grows by",
        value: slope(settled),
        limit: 1,
        unit: " MB/min",
        gross: 20,
        judged: seconds >= 300,
      }),
      atMost({ what: "more file descriptors in the last third", value: drift, limit: 16, gross: 200 }),
    ],
  };
}

/** Of the straight line that fits best. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (of: (point: readonly [number, number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [meanX, meanY] = [mean(([x]) => x), mean(([, y]) => y)];
  return mean(([x, y]) => (x - meanX) * (y - meanY)) / mean(([x]) => (x - meanX) ** 2);
}
