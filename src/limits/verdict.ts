import type { Draw } from "./rule.ts";

/** What is left of a limit after an admission, or after a refusal. */
export interface Reading {
  readonly remaining: number;
  /** Until all of it is there again. */
  readonly resetMs: number;
}

/** Why a call is not admitted: the limit that holds it up longest. */
export interface Refusal {
  readonly draw: Draw;
  /** Undefined: never, because the call alone exceeds the limit. */
  readonly waitMs: number | undefined;
}

/** What became of a call at its limits: all admitted it, or nothing was taken from any. */
export interface Verdict {
  readonly refusal: Refusal | undefined;
  /** One for each draw, in their order. */
  readonly readings: readonly Reading[];
}

/** The refusal that stands for all: never before ever, then the longest wait. */
export function worst(refusals: readonly Refusal[]): Refusal | undefined {
  return refusals.reduce<Refusal | undefined>((found, refusal) => {
    const isWorse = found === undefined || (found.waitMs !== undefined && (refusal.waitMs ?? Infinity) > found.waitMs);
    return isWorse ? refusal : found;
  }, undefined);
}
