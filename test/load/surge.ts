import { type Capacity, loadOf } from "./capacity.ts";
import { atLeast, atMost, type Goal, type Row } from "./goal.ts";
import { Histogram } from "./histogram.ts";
import type { Stand } from "./stand.ts";
import { type Sum, sumOf, type Tally } from "./tally.ts";
import { during } from "./watch.ts";

const beforeS = 4;
const afterS = 10;
/** After it everything is as before. */
const recoveryS = 5;

/** What came of a time with far too many calls. */
interface Surge {
  readonly during: Sum;
  /** With what came before and after. */
  readonly whole: Sum;
  readonly after: readonly Tally[];
  /** Upstream calls that brought no caller an answer. */
  readonly wasted: number;
  readonly livez: Histogram;
  readonly alive: boolean;
  /** CPU time of the gateway, in µs. */
  readonly cpuUs: number;
}

/** L3: five times what it can for a while, and then as before. */
export async function spike(stand: Stand, capacity: Capacity, seconds: number): Promise<Row> {
  const surge = await surgeOf(stand, capacity, 5, seconds);
  const { answered, refused } = surge.during;
  const basis = capacity.base.at(0.99);
  const after = sumOf(surge.after.slice(recoveryS)).answered.at(0.99) / basis;
  const accepted = answered.at(0.99);
  return {
    id: "L3",
    priority: "P0",
    load: `0.3 C, ${seconds} s at 5 C (${offered(surge, capacity, seconds)}), 0.3 C`,
    goals: [
      goodput(surge, capacity, seconds, 0.8),
      atMost({ what: "p99 of answers ÷ B.p99", value: accepted / basis, limit: 4 }),
      atMost({ what: "p99 of refusals ÷ p99 of answers", value: refused.at(0.99) / accepted, limit: 0.25, gross: 1 }),
      ...refusalGoals(surge, capacity),
      atMost({ what: `p99 ÷ B.p99, from ${recoveryS} s after`, value: after, limit: 1.2 }),
    ],
  };
}

/** L4: ten times what it can. */
export async function flood(stand: Stand, capacity: Capacity, seconds: number): Promise<Row> {
  const surge = await surgeOf(stand, capacity, 10, seconds);
  return {
    id: "L4",
    priority: "P0",
    load: `${seconds} s at 10 C (${offered(surge, capacity, seconds)})`,
    goals: [
      atMost({ what: "exits of the gateway", value: surge.alive ? 0 : 1, limit: 0, gross: 0 }),
      goodput(surge, capacity, seconds, 0.6),
      atMost({ what: "`/livez` p99", value: surge.livez.at(0.99), limit: 250, unit: " ms", digits: 0 }),
      ...refusalGoals(surge, capacity),
    ],
  };
}

async function surgeOf(stand: Stand, { perSecond }: Capacity, times: number, seconds: number): Promise<Surge> {
  const usual = 0.3 * perSecond;
  await stand.upstream("seen");
  const cpuMs = stand.gateway.cpuMs();
  const livez = new Histogram();
  const load = loadOf([
    { perSecond: usual, durationMs: beforeS * 1000 },
    { perSecond: times * perSecond, durationMs: seconds * 1000 },
    { perSecond: usual, durationMs: afterS * 1000 },
  ]);
  const tallies = await during(stand.open(load), 50, async () => {
    const startMs = performance.now();
    const answer = await fetch(`${stand.opsUrl}/livez`).catch(() => undefined);
    livez.record(answer?.ok === true ? performance.now() - startMs : Number.POSITIVE_INFINITY);
  });
  const slices = tallies["load"] ?? [];
  const { hits } = await stand.upstream("seen");
  const whole = sumOf(slices);
  return {
    during: sumOf(slices.slice(beforeS, beforeS + seconds)),
    whole,
    after: slices.slice(beforeS + seconds),
    wasted: hits - whole.ok,
    livez,
    alive: stand.gateway.runs,
    cpuUs: (stand.gateway.cpuMs() - cpuMs) * 1000,
  };
}

function goodput({ during: { ok } }: Surge, { perSecond }: Capacity, seconds: number, limit: number): Goal {
  return atLeast({ what: "answers per second ÷ C", value: ok / seconds / perSecond, limit });
}

function refusalGoals({ during: sum, whole, wasted, cpuUs }: Surge, { callCpuUs }: Capacity): readonly Goal[] {
  const wrong = Object.values(sum.wrong).reduce((total, count) => total + count, 0);
  const kinds = Object.entries(sum.wrong).map(([status, count]) => `${count} × ${status}`);
  const refusalCpuUs = Math.max(0, cpuUs - whole.ok * callCpuUs) / Math.max(1, whole.refusedRightly);
  const gross = sum.sent / 1000;
  return [
    atMost({
      what: "neither answered nor RESOURCE_EXHAUSTED nor UNAVAILABLE",
      value: wrong,
      limit: 0,
      gross,
      ...(wrong > 0 && { note: kinds.join(", ") }),
    }),
    atMost({ what: "refusals without RetryInfo", value: sum.withoutDelay, limit: 0, gross }),
    atMost({ what: "admitted calls lost: upstream calls without an answer", value: wasted, limit: 0, gross }),
    atMost({ what: "CPU of a refusal ÷ of a call", value: refusalCpuUs / callCpuUs, limit: 0.5, gross: 2 }),
  ];
}

function offered({ during: { sent } }: Surge, { perSecond }: Capacity, seconds: number): string {
  return `${(sent / seconds / perSecond).toFixed(1)} C offered`;
}
