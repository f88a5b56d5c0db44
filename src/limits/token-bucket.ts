import type { Counter } from "./counter.ts";

/** Limits that a bucket may run into debt by, where calls used more than they had reserved. */
const overdrawMax = 2;

/**
 * A bucket that holds `limit` units and fills at `limit` units a window, evenly. What is taken is kept in parts of one
 * unit, as many as the window has ticks: each tick gives back exactly `limit` parts, so nothing is ever rounded.
 */
export class TokenBucket implements Counter {
  readonly #tickMs: number;
  readonly #ticks: number;
  /** Parts taken, as of `#tick`. */
  #used = 0;
  #tick = 0;

  /** `ticks` times the limit times 3 must be an exact integer: below 2 to the power of 53. */
  constructor(tickMs: number, ticks: number) {
    this.#tickMs = tickMs;
    this.#ticks = ticks;
  }

  remaining(limit: number, nowMs: number): number {
    return Math.floor(Math.max(0, limit * this.#ticks - this.#at(limit, nowMs)) / this.#ticks);
  }

  waitMs(limit: number, cost: number, nowMs: number): number {
    return this.#untilMs(limit, this.#at(limit, nowMs) - (limit - cost) * this.#ticks, nowMs);
  }

  resetMs(limit: number, nowMs: number): number {
    return this.#untilMs(limit, this.#at(limit, nowMs), nowMs);
  }

  take(limit: number, cost: number, nowMs: number): number {
    this.#used = this.#at(limit, nowMs) + cost * this.#ticks;
    return 0;
  }

  settle(limit: number, _slot: number, delta: number, nowMs: number): void {
    const bounded = Math.min(limit, Math.max(-limit, delta));
    const used = this.#at(limit, nowMs) + bounded * this.#ticks;
    this.#used = Math.min(overdrawMax * limit * this.#ticks, Math.max(0, used));
  }

  /** Parts taken now. A clock that steps back gives nothing back, and by more than a window starts anew. */
  #at(limit: number, nowMs: number): number {
    const tick = Math.floor(nowMs / this.#tickMs);
    const passed = tick - this.#tick;
    if (passed > 0) this.#used = Math.max(0, this.#used - Math.min(passed, overdrawMax * this.#ticks) * limit);
    if (passed > 0 || passed < -this.#ticks) this.#tick = tick;
    return this.#used;
  }

  /** Until so many parts have come back. */
  #untilMs(limit: number, parts: number, nowMs: number): number {
    if (parts <= 0) return 0;
    return Math.max(1, (this.#tick + Math.ceil(parts / limit)) * this.#tickMs - nowMs);
  }
}
