import type { LimitConfig } from "../config/schema.ts";
import type { Counter } from "./counter.ts";
import { Leases } from "./leases.ts";
import { SlicedWindow } from "./sliced-window.ts";
import { TokenBucket } from "./token-bucket.ts";

/** A limit as the operator wrote it, on one metric. */
export type Rule = LimitConfig;
/** What a limit counts. */
export type Metric = Rule["metric"];
type Period = NonNullable<Rule["per"]>;

/** One limit as it concerns one call. */
export interface Draw {
  readonly rule: Rule;
  /** "search-team", "openai/gpt-5", "192.0.2.1". */
  readonly subject: string;
  /** Of the counter; the same in every replica, and the same when only the number changes. */
  readonly key: string;
  readonly limit: number;
  readonly cost: number;
}

/** How a draw counts: parameters of the algorithm, for the counter here and for the script in Redis. */
export type Shape =
  | { readonly kind: "bucket"; readonly tickMs: number; readonly ticks: number }
  | { readonly kind: "slices"; readonly sliceMs: number; readonly kept: number }
  | { readonly kind: "leases" };

const minuteMs = 60_000;
const windowsMs: Readonly<Record<Period, number>> = { minute: minuteMs, hour: 60 * minuteMs, day: 24 * 60 * minuteMs };
/** Ticks that keep a limit of 2 to the power of 31 an exact integer, threefold. */
const ticksMs: Readonly<Record<Period, number>> = { minute: 1, hour: 10, day: 100 };
/** Slices of a sliding window: units come back at most a sixtieth of the window late. */
const slicesOfWindow = 60;

/** Parameters of a rule's algorithm. */
export function shapeOf({ per, algorithm }: Rule): Shape {
  if (per === undefined) return { kind: "leases" };
  const windowMs = windowsMs[per];
  switch (algorithm) {
    case "token-bucket":
      return { kind: "bucket", tickMs: ticksMs[per], ticks: windowMs / ticksMs[per] };
    case "fixed-window":
      return { kind: "slices", sliceMs: windowMs, kept: 0 };
    case "sliding-window":
      return { kind: "slices", sliceMs: windowMs / slicesOfWindow, kept: slicesOfWindow };
  }
}

/** A counter that counts as the rule says; nothing is taken. */
export function counterOf(rule: Rule): Counter {
  const shape = shapeOf(rule);
  switch (shape.kind) {
    case "bucket":
      return new TokenBucket(shape.tickMs, shape.ticks);
    case "slices":
      return new SlicedWindow(shape.sliceMs, shape.kept);
    case "leases":
      return new Leases();
  }
}

/** Name of the counter of a rule and a subject. */
export function keyOf({ scope, metric, per, algorithm }: Rule, subject: string): string {
  return `${scope}:${metric}:${per ?? "now"}:${algorithm}:${subject}`;
}
