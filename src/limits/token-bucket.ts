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
  /** When nothing was taken last. */
  #fullTick = 0;

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
    const used = this.#at(limit, nowMs) + Math.min(limit, cost) * this.#ticks;
    this.#used = Math.min(overdrawMax * limit * this.#ticks, used);
    return this.#tick;
  }

  /** Nothing where all had flowed back in the meantime: what is missing now others took. */
  giveBack(limit: number, slot: number, units: number, nowMs: number): void {
    const used = this.#at(limit, nowMs);
    if (slot >= this.#fullTick) this.#used = Math.max(0, used - Math.min(limit, units) * this.#ticks);
  }

  /** Parts taken now. A clock that steps back gives nothing back, and by more than a window starts anew. */
  #at(limit: number, nowMs: number): number {
    const tick = Math.floor(nowMs / this.#tickMs);
    const passed = tick - this.#tick;
    if (passed > 0) this.#used = Math.max(0, this.#used - Math.min(passed, overdrawMax * this.#ticks) * limit);
    if (passed > 0 || passed < -this.#ticks) this.#tick = tick;
    if (this.#used === 0) this.#fullTick = this.#tick;
    return this.#used;
  }

  /** Until so many parts have come back. */
  #untilMs(limit: number, parts: number, nowMs: number): number {
    if (parts <= 0) return 0;
    return Math.max(1, (this.#tick + Math.ceil(parts / limit)) * this.#tickMs - nowMs);
  }
}
