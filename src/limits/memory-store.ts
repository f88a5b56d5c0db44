import type { Correction } from "./admission.ts";
import type { Counter } from "./counter.ts";
import { counterOf, type Draw } from "./rule.ts";
import { type Reading, type Refusal, type Verdict, worst } from "./verdict.ts";

/** Subjects that are remembered; of more, those that were idle longest are forgotten. */
const countersMax = 100_000;
/** When a call that is larger than this replica's share of a limit may try again: Redis may then give it the whole. */
const wholeWaitMs = 1000;
/** How often a counter in use is put behind the others: to do so costs as much as to count. */
const moveMs = 1000;
/** Counters that are looked at for an idle one before one in use is forgotten. */
const looksMax = 16;

/** A verdict, and how to correct what it took. */
export interface Reservation extends Correction {
  readonly verdict: Verdict;
}

/** A counter, and what it was asked for last. */
interface Kept {
  readonly counter: Counter;
  limit: number;
  /** When it last was put behind all others. */
  movedMs: number;
}

/** The limits of this process. */
export class MemoryStore {
  readonly #nowMs: () => number;
  readonly #countersMax: number;
  /** Least recently used first, but for those used within a second. */
  readonly #counters = new Map<string, Kept>();

  /** @param nowMs whole milliseconds of a clock that nobody sets. */
  constructor(nowMs: () => number, max: number = countersMax) {
    this.#nowMs = nowMs;
    this.#countersMax = max;
  }

  get size(): number {
    return this.#counters.size;
  }

  /** Takes what every draw asks for, or nothing at all. */
  admit(draws: readonly Draw[]): Reservation {
    const nowMs = this.#nowMs();
    const counters: Counter[] = [];
    const refusals: Refusal[] = [];
    for (const draw of draws) {
      const counter = this.#counter(draw, nowMs);
      counters.push(counter);
      const refusal = refusalOf(draw, counter, nowMs);
      if (refusal !== undefined) refusals.push(refusal);
    }
    const holds: Hold[] = [];
    const readings: Reading[] = [];
    for (const [i, draw] of draws.entries()) {
      const counter = counters[i];
      if (counter === undefined) continue;
      if (refusals.length === 0) holds.push(new Hold(draw, counter, nowMs));
      readings.push(readingOf(draw, counter, nowMs));
    }
    return new Held({ refusal: worst(refusals), readings }, holds, this.#nowMs);
  }

  #counter({ rule, key, limit }: Draw, nowMs: number): Counter {
    const known = this.#counters.get(key);
    if (known !== undefined && nowMs - known.movedMs < moveMs) {
      known.limit = limit;
      return known.counter;
    }
    if (known !== undefined) this.#counters.delete(key);
    else if (this.#counters.size >= this.#countersMax) this.#forget(nowMs);
    const counter = known?.counter ?? counterOf(rule);
    this.#counters.set(key, { counter, limit, movedMs: nowMs });
    return counter;
  }

  /** Makes room for one. */
  #forget(nowMs: number): void {
    let looks = 0;
    let first: string | undefined;
    for (const [key, { counter, limit }] of this.#counters) {
      first ??= key;
      if (counter.resetMs(limit, nowMs) === 0) {
        this.#counters.delete(key);
        return;
      }
      looks += 1;
      if (looks >= looksMax) break;
    }
    if (first !== undefined) this.#counters.delete(first);
  }
}

/** What one call holds of all its limits; nothing if it was refused. */
class Held implements Reservation {
  readonly verdict: Verdict;
  readonly #holds: readonly Hold[];
  readonly #nowMs: () => number;
  #isOver = false;

  constructor(verdict: Verdict, holds: readonly Hold[], nowMs: () => number) {
    this.verdict = verdict;
    this.#holds = holds;
    this.#nowMs = nowMs;
  }

  raise(units: readonly number[]): void {
    if (this.#isOver) return;
    const nowMs = this.#nowMs();
    for (const [i, hold] of this.#holds.entries()) hold.raise(units[i] ?? 0, nowMs);
  }

  settle(units: readonly number[]): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const nowMs = this.#nowMs();
    for (const [i, hold] of this.#holds.entries()) hold.settle(units[i] ?? 0, nowMs);
  }
}

/** What one call holds of one limit. */
class Hold {
  readonly #counter: Counter;
  readonly #limit: number;
  /** Units taken altogether. */
  #total: number;
  /** Where the counter wrote down what was taken last. */
  #slot: number;
  /** Units taken there: no more are given back, for what was taken before is used up. */
  #last: number;

  /** Takes what the draw asks for. */
  constructor(draw: Draw, counter: Counter, nowMs: number) {
    this.#counter = counter;
    this.#limit = draw.limit;
    this.#total = draw.cost;
    this.#last = draw.cost;
    this.#slot = counter.take(draw.limit, draw.cost, nowMs);
  }

  raise(units: number, nowMs: number): void {
    const more = units - this.#total;
    if (more <= 0) return;
    const slot = this.#counter.take(this.#limit, more, nowMs);
    this.#last = slot === this.#slot ? this.#last + more : more;
    this.#slot = slot;
    this.#total = units;
  }

  settle(units: number, nowMs: number): void {
    this.raise(units, nowMs);
    const back = Math.min(this.#last, this.#total - units);
    if (back > 0) this.#counter.giveBack(this.#limit, this.#slot, back, nowMs);
  }
}

function refusalOf(draw: Draw, counter: Counter, nowMs: number): Refusal | undefined {
  if (draw.cost > draw.rule.limit) return { draw, waitMs: undefined };
  if (draw.cost > draw.limit) return { draw, waitMs: wholeWaitMs };
  const waitMs = counter.waitMs(draw.limit, draw.cost, nowMs);
  return waitMs === 0 ? undefined : { draw, waitMs };
}

function readingOf({ limit }: Draw, counter: Counter, nowMs: number): Reading {
  return { remaining: counter.remaining(limit, nowMs), resetMs: counter.resetMs(limit, nowMs) };
}
