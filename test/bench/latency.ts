import { type Buckets, Histogram } from "../load/histogram.ts";
import type { ServedGateway } from "../support/served-gateway.ts";
import type { Result } from "./order.ts";
import { gatewaySide, type Stand } from "./stand.ts";
import { type Spread, spreadOf } from "./statistics.ts";
import type { Target } from "./target.ts";
import { concurrency, type Door, type Shape } from "./workload.ts";

/** Calls come at this part of the rate that the gateway was found to manage. */
const partOfCapacity = 0.3;

/** How long is measured. */
export interface LatencyTiming {
  readonly turns: number;
  readonly warmMs: number;
  readonly turnMs: number;
}

/** What is added to one duration: through the gateway less directly, in milliseconds, a figure for each turn. */
export interface Added {
  readonly title: string;
  readonly p50Ms: readonly number[];
  readonly p99Ms: readonly number[];
  /** The duration itself, of all turns. */
  readonly direct: Quantiles;
  readonly gateway: Quantiles;
}

interface Quantiles {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What the gateway adds to calls that come at fixed times. */
export interface Latency {
  readonly door: Door;
  readonly shape: Shape;
  readonly perSecond: number;
  readonly added: readonly Added[];
}

type Kind = "whole" | "first" | "gaps";
const kinds: Readonly<Record<"unary" | "paced", readonly (readonly [Kind, string])[]>> = {
  unary: [["whole", "to the whole answer"]],
  paced: [
    ["first", "to the first chunk"],
    ["gaps", "between chunks (one per ms)"],
  ],
};

/** Calls at fixed times, directly and through the gateway in turns. */
export async function latencyOf(
  stand: Stand,
  gateway: ServedGateway,
  { door, shape }: { readonly door: Door; readonly shape: "unary" | "paced" },
  timing: LatencyTiming,
): Promise<Latency> {
  await stand.upstream.answer(shape);
  const { target } = gatewaySide(gateway, door);
  const perSecond = Math.round(partOfCapacity * (await capacityOf(stand, target, shape, timing.warmMs)));
  const order = { kind: "open", shape, perSecond, durationMs: timing.turnMs } as const;
  const direct: Result[] = [];
  const through: Result[] = [];
  // The own client opens its connections, and has its code compiled.
  for (const to of [stand.direct, target]) {
    const durationMs = timing.warmMs / 2;
    await stand.generator.ask({ kind: "closed", to, shape, calls: concurrency, durationMs });
    await stand.generator.ask({ ...order, to, durationMs });
  }
  for (let turn = 0; turn < timing.turns; turn++) {
    direct.push(await stand.generator.ask({ ...order, to: stand.direct }));
    through.push(await stand.generator.ask({ ...order, to: target }));
  }
  const added = kinds[shape].map(([kind, title]) => {
    const of = (turns: readonly Result[]) => turns.map((turn) => turn[kind]);
    return { title, ...addedOf(of(direct), of(through)) };
  });
  return { door, shape, perSecond, added };
}

/** Turn by turn, so that what slows the machine for a while slows both. */
export function addedOf(direct: readonly Buckets[], gateway: readonly Buckets[]): Omit<Added, "title"> {
  const less = (quantile: number) =>
    gateway.map((turn, at) => Histogram.of(turn).at(quantile) - Histogram.of(direct[at] ?? []).at(quantile));
  return { p50Ms: less(0.5), p99Ms: less(0.99), direct: quantilesOf(direct), gateway: quantilesOf(gateway) };
}

function quantilesOf(turns: readonly Buckets[]): Quantiles {
  const all = Histogram.of(...turns);
  return { p50Ms: all.at(0.5), p99Ms: all.at(0.99) };
}

/** Calls per second that the gateway answers when callers wait for nothing else. */
async function capacityOf(stand: Stand, target: Target, shape: Shape, warmMs: number): Promise<number> {
  const rates: number[] = [];
  const endMs = performance.now() + warmMs;
  while (performance.now() < endMs || rates.length < 3) {
    const { calls, durationMs } = await stand.generator.closed(target, shape, warmMs / 6);
    rates.push((calls * 1000) / durationMs);
  }
  return spreadOf(rates.slice(-3)).median;
}

/** Of all turns. */
export function spreads({ p50Ms, p99Ms }: Added): { readonly p50: Spread; readonly p99: Spread } {
  return { p50: spreadOf(p50Ms), p99: spreadOf(p99Ms) };
}
