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
  /** Takes units, whether they are there or not. Answers where they were written down, for `giveBack`. */
  take(limit: number, cost: number, nowMs: number): number;
  /** Gives back units that were taken there, as far as time has not given them back. What is taken never falls below 0. */
  giveBack(limit: number, slot: number, units: number, nowMs: number): void;
}
