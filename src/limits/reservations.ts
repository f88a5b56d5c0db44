import type { MemoryStore, Reservation } from "./memory-store.ts";
import type { SharedReservation } from "./shared-store.ts";
import type { Verdict } from "./verdict.ts";

/** Reservations that are open; of more, the oldest are given back: whoever made them has forgotten them. */
const openMax = 100_000;
/** How often those are looked for whose life is over. */
const sweepMs = 10_000;

interface Open {
  readonly owner: number;
  readonly reservation: Reservation;
  readonly giveBack: readonly number[];
  readonly endMs: number;
}

/** What the workers of a gateway have taken of its limits, for the process that counts for all of them. */
export class Reservations {
  readonly #store: MemoryStore;
  readonly #nowMs: () => number;
  /** By id, the oldest first. */
  readonly #open = new Map<string, Open>();
  #sweptMs = 0;

  /** @param nowMs the clock of the store. */
  constructor(store: MemoryStore, nowMs: () => number) {
    this.#store = store;
    this.#nowMs = nowMs;
  }

  /** Reservations that nobody has settled. */
  get size(): number {
    return this.#open.size;
  }

  /** Takes what every draw asks for, or nothing at all. @param owner number of the worker. */
  admit(owner: number, { id, draws, lifeMs }: SharedReservation): Verdict {
    const nowMs = this.#nowMs();
    if (nowMs - this.#sweptMs >= sweepMs) this.#sweep(nowMs);
    const reservation = this.#store.admit(draws);
    if (lifeMs === 0 || reservation.verdict.refusal !== undefined) return reservation.verdict;
    this.#end(id);
    // What was asked for stays asked for; what may have been used of the rest died with its gateway.
    const giveBack = draws.map(({ rule, cost }) => (rule.metric === "requests" ? cost : 0));
    this.#open.set(id, { owner, reservation, giveBack, endMs: nowMs + lifeMs });
    for (const [oldest] of this.#open) {
      if (this.#open.size <= openMax) break;
      this.#end(oldest);
    }
    return reservation.verdict;
  }

  /** See Correction; one that is not open is left alone. */
  raise(id: string, units: readonly number[]): void {
    this.#open.get(id)?.reservation.raise(units);
  }

  /** See Correction; one that is not open is left alone. */
  settle(id: string, units: readonly number[]): void {
    this.#open.get(id)?.reservation.settle(units);
    this.#open.delete(id);
  }

  /** The worker has gone, and its calls with it. */
  release(owner: number): void {
    for (const [id, open] of this.#open) if (open.owner === owner) this.#end(id);
  }

  /** A word that was lost on the way must not keep a place for ever. */
  #sweep(nowMs: number): void {
    this.#sweptMs = nowMs;
    for (const [id, { endMs }] of this.#open) if (endMs <= nowMs) this.#end(id);
  }

  #end(id: string): void {
    const open = this.#open.get(id);
    open?.reservation.settle(open.giveBack);
    this.#open.delete(id);
  }
}
