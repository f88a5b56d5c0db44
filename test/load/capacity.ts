import type { Histogram } from "./histogram.ts";
import type { Load } from "./order.ts";
import type { Phase } from "./schedule.ts";
import { type Stand, usualManner } from "./stand.ts";
import { failuresOf, type Sum, sumOf } from "./tally.ts";

/** The rate counts while its calls stay within this. */
const p99MsMax = 50;
const callers = 96;
/** Of the range: the last step is 3 % of a rate. */
const steps = 5;
/** Where the range begins, in parts of what is answered without a pause. */
const leastPart = 0.35;

/** What this machine can do, measured before anything else. */
export interface Capacity {
  /** Calls per second: the most with p99 ≤ 50 ms and no error, to an upstream that takes 20 ms. */
  readonly perSecond: number;
  /** Durations at 0.3 of it. */
  readonly base: Histogram;
  /** CPU time of the gateway for a call at 0.3 of it, in µs. */
  readonly callCpuUs: number;
}

/** How long loads last, in seconds. */
export interface Timing {
  /** The table's own durations. */
  readonly full: boolean;
  readonly warmS: number;
  readonly tryS: number;
  readonly baseS: number;
}

/** Calls of one caller who asks for whole answers. */
export function loadOf(phases: readonly Phase[], rest: Partial<Load> = {}): Load {
  return { name: "load", via: "gateway", stream: false, key: 0, phases, timeoutMs: 10_000, ...rest };
}

/**
 * Warms everything up and finds the capacity.
 * @param given calls per second that are taken for it instead; undefined: it is measured.
 */
export async function capacityOf(stand: Stand, timing: Timing, given: number | undefined): Promise<Capacity> {
  const { warmS, tryS, baseS } = timing;
  await stand.upstream(usualManner);
  await stand.ask({ kind: "closed", callers, durationMs: warmS * 1000 });
  const perSecond = given ?? (await highest(stand, tryS));
  const cpuMs = stand.gateway.cpuMs();
  const base = await steady(stand, 0.3 * perSecond, baseS);
  const callCpuUs = ((stand.gateway.cpuMs() - cpuMs) * 1000) / base.sent;
  return { perSecond, base: base.answered, callCpuUs };
}

/** Halves the range below what is answered without a pause, again and again; gives the highest rate that held. */
async function highest(stand: Stand, tryS: number): Promise<number> {
  const { calls } = await stand.ask<{ calls: number }>({ kind: "closed", callers, durationMs: tryS * 1000 });
  const most = calls / tryS;
  let [held, tooMuch] = [0, most];
  for (let step = 0; step < steps; step++) {
    const rate = Math.sqrt(Math.max(held, leastPart * most) * tooMuch);
    // What else goes on for a moment on the machine must not make it look smaller for good.
    if ((await holds(stand, rate, tryS)) || (await holds(stand, rate, tryS))) held = rate;
    else tooMuch = rate;
  }
  if (held > 0) return held;
  throw new Error(`no rate near ${most.toFixed(0)} calls/s holds: too much else is going on on this machine`);
}

async function holds(stand: Stand, rate: number, tryS: number): Promise<boolean> {
  const sum = await steady(stand, rate, tryS);
  const p99Ms = sum.answered.at(0.99);
  const [offered, failures] = [sum.sent / tryS, failuresOf(sum)];
  const told = `${rate.toFixed(0)}/s: ${offered.toFixed(0)}/s sent, ${failures} not answered, p99 ${p99Ms.toFixed(0)} ms`;
  process.stderr.write(`${told}\n`);
  return failures === 0 && offered >= 0.97 * rate && p99Ms <= p99MsMax;
}

async function steady(stand: Stand, perSecond: number, seconds: number): Promise<Sum> {
  const tallies = await stand.open(loadOf([{ perSecond, durationMs: seconds * 1000 }]));
  return sumOf(tallies["load"] ?? []);
}
