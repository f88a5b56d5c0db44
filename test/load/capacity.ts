import type { Histogram } from "./histogram.ts";
import type { Load } from "./order.ts";
import type { Phase } from "./schedule.ts";
import { type Stand, usualManner } from "./stand.ts";
import { failuresOf, type Sum, sumOf } from "./tally.ts";

/** The rate counts while its calls stay within this. */
const p99MsMax = 50;
const callers = 96;
/** From one rate that is tried to the next. */
const less = 0.93;
const triesMax = 12;

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

/** Goes down from what is answered without a pause until a rate holds. */
async function highest(stand: Stand, tryS: number): Promise<number> {
  const { calls } = await stand.ask<{ calls: number }>({ kind: "closed", callers, durationMs: tryS * 1000 });
  const most = calls / tryS;
  for (let tries = 0; tries < triesMax; tries++) {
    const rate = most * less ** tries;
    const sum = await steady(stand, rate, tryS);
    const offered = sum.sent / tryS;
    if (failuresOf(sum) === 0 && offered >= 0.97 * rate && sum.answered.at(0.99) <= p99MsMax) return rate;
    const p99 = sum.answered.at(0.99).toFixed(0);
    process.stderr.write(`C is less than ${rate.toFixed(0)}/s: p99 ${p99} ms, ${failuresOf(sum)} not answered\n`);
  }
  throw new Error(`no rate near ${most.toFixed(0)} calls/s holds: too much else is going on on this machine`);
}

async function steady(stand: Stand, perSecond: number, seconds: number): Promise<Sum> {
  const tallies = await stand.open(loadOf([{ perSecond, durationMs: seconds * 1000 }]));
  return sumOf(tallies["load"] ?? []);
}
