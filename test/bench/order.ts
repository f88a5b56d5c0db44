import type { Buckets } from "../load/histogram.ts";
import type { Target } from "./target.ts";
import type { Shape } from "./workload.ts";

/** What the load generator is asked for. */
export type Order =
  /** So many calls under way at once until the time is over. */
  | {
      readonly kind: "closed";
      readonly to: Target;
      readonly shape: Shape;
      readonly calls: number;
      readonly durationMs: number;
    }
  /** Calls that come at their times, whether those before were answered or not. */
  | {
      readonly kind: "open";
      readonly to: Target;
      readonly shape: Shape;
      readonly perSecond: number;
      readonly durationMs: number;
    }
  /** Streams that are kept open, beside those that are open already; `hold` of 0 ends them all. */
  | { readonly kind: "hold"; readonly to: Target; readonly count: number };

/** What became of it. */
export interface Result {
  readonly calls: number;
  readonly durationMs: number;
  /** Why the run is worth nothing: the first answer that was not right. */
  readonly problem: string | undefined;
  /** Milliseconds of calls that came at their times: to the end, to the first piece, and between pieces. */
  readonly whole: Buckets;
  readonly first: Buckets;
  readonly gaps: Buckets;
}
