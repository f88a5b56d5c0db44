import type { Counter } from "./counter.ts";
import { counterOf, type Draw } from "./rule.ts";
import { deltaOf, type Reading, type Refusal, type Verdict, worst } from "./verdict.ts";

/** Subjects that are remembered; of more, those that were idle longest are forgotten. */
const countersMax = 100_000;
/** Counters that are looked at for an idle one before one in use is forgotten. */
const looksMax = 16;

/** A verdict, and how to settle it. */
export interface Reservation {
  readonly verdict: Verdict;
  /** Says what the call used. The first word counts. */
  settle(tokens: number): void;
}

/** The limits of this process. */
export class MemoryStore {
  readonly #nowMs: () => number;
  readonly #countersMax: number;
  /** Least recently used first. */
  readonly #counters = new Map<string, { readonly counter: Counter; readonly limit: number }>();

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
    const counters = draws.map((draw) => this.#counter(draw, nowMs));
    const refusals = draws.flatMap((draw, i) => refusalOf(draw, counters[i], nowMs));
    const refusal = worst(refusals);
    const slots = refusal === undefined ? draws.map((draw, i) => counters[i]?.take(draw.limit, draw.cost, nowMs)) : [];
    const readings = draws.map((draw, i) => readingOf(draw, counters[i], nowMs));
    let settled = refusal !== undefined;
    return {
      verdict: { refusal, readings },
      settle: (tokens) => {
        if (settled) return;
        settled = true;
        for (const [i, draw] of draws.entries()) {
          counters[i]?.settle(draw.limit, slots[i] ?? 0, deltaOf(draw, tokens), this.#nowMs());
        }
      },
    };
  }

  #counter({ rule, key, limit }: Draw, nowMs: number): Counter {
    const known = this.#counters.get(key)?.counter;
    if (known !== undefined) this.#counters.delete(key);
    else if (this.#counters.size >= this.#countersMax) this.#forget(nowMs);
    const counter = known ?? counterOf(rule);
    this.#counters.set(key, { counter, limit });
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

function refusalOf(draw: Draw, counter: Counter | undefined, nowMs: number): Refusal[] {
  if (draw.cost > draw.limit) return [{ draw, waitMs: undefined }];
  const waitMs = counter?.waitMs(draw.limit, draw.cost, nowMs) ?? 0;
  return waitMs === 0 ? [] : [{ draw, waitMs }];
}

function readingOf({ limit }: Draw, counter: Counter | undefined, nowMs: number): Reading {
  return { remaining: counter?.remaining(limit, nowMs) ?? limit, resetMs: counter?.resetMs(limit, nowMs) ?? 0 };
}
