import type { Counter } from "./counter.ts";

/**
 * A window of time slices that lie on the clock. The present slice and `kept` before it count. With none kept it is a
 * fixed window; with enough kept to cover a whole window it is a sliding one that never admits more than the limit in any
 * window, wherever it begins, and frees units late by one slice at most.
 */
export class SlicedWindow implements Counter {
  readonly #sliceMs: number;
  readonly #kept: number;
  /** Units taken by slice, in no order. */
  readonly #slices = new Map<number, number>();

  constructor(sliceMs: number, kept: number) {
    this.#sliceMs = sliceMs;
    this.#kept = kept;
  }

  remaining(limit: number, nowMs: number): number {
    return Math.max(0, limit - this.#taken(nowMs));
  }

  waitMs(limit: number, cost: number, nowMs: number): number {
    let excess = this.#taken(nowMs) + cost - limit;
    if (excess <= 0) return 0;
    for (const slice of [...this.#slices.keys()].sort((a, b) => a - b)) {
      excess -= this.#slices.get(slice) ?? 0;
      if (excess <= 0) return this.#endMs(slice) - nowMs;
    }
    return 0;
  }

  resetMs(_limit: number, nowMs: number): number {
    if (this.#taken(nowMs) === 0) return 0;
    return this.#endMs(Math.max(...this.#slices.keys())) - nowMs;
  }

  take(_limit: number, cost: number, nowMs: number): number {
    const slice = Math.floor(nowMs / this.#sliceMs);
    this.#slices.set(slice, (this.#slices.get(slice) ?? 0) + cost);
    return slice;
  }

  giveBack(_limit: number, slot: number, units: number, nowMs: number): void {
    this.#taken(nowMs);
    const before = this.#slices.get(slot);
    if (before !== undefined) this.#slices.set(slot, Math.max(0, before - units));
  }

  /** Units that count now. Forgets slices that are over, and those that only a clock that stepped back explains. */
  #taken(nowMs: number): number {
    const present = Math.floor(nowMs / this.#sliceMs);
    let sum = 0;
    for (const [slice, taken] of this.#slices) {
      if (slice < present - this.#kept || slice > present + this.#kept + 1) this.#slices.delete(slice);
      else sum += taken;
    }
    return sum;
  }

  /** When a slice counts no more. */
  #endMs(slice: number): number {
    return (slice + this.#kept + 1) * this.#sliceMs;
  }
}
