/**
 * What was taken of one limit by one subject. Integers only; the clock is the caller's, in whole milliseconds, and may
 * step back. The limit is handed in anew each time, because a reload may change it.
 */
export interface Counter {
  /** Whole units that can be taken now. */
  remaining(limit: number, nowMs: number): number;
  /** Until `cost` units can be taken if nobody else takes any; 0 for now. `cost` does not exceed the limit. */
  waitMs(limit: number, cost: number, nowMs: number): number;
  /** Until nothing is taken any more; 0 tells that the counter can be forgotten. */
  resetMs(limit: number, nowMs: number): number;
  /** Takes units that are there. Answers where they were written down, for `settle`. */
  take(limit: number, cost: number, nowMs: number): number;
  /** Takes more, or gives back (less than 0), where units were taken. What is taken never falls below 0. */
  settle(limit: number, slot: number, delta: number, nowMs: number): void;
}
