import type { Counter } from "./counter.ts";

/** When a call that found all places taken may try again: nobody knows when one is given back. */
export const leaseWaitMs = 1000;

/** Calls under way at the same time. A place is free again when its call is settled. */
export class Leases implements Counter {
  #taken = 0;

  remaining(limit: number): number {
    return Math.max(0, limit - this.#taken);
  }

  waitMs(limit: number, cost: number): number {
    return this.#taken + cost > limit ? leaseWaitMs : 0;
  }

  resetMs(): number {
    return this.#taken === 0 ? 0 : leaseWaitMs;
  }

  take(_limit: number, cost: number): number {
    this.#taken += cost;
    return 0;
  }

  giveBack(_limit: number, _slot: number, units: number): void {
    this.#taken = Math.max(0, this.#taken - units);
  }
}
