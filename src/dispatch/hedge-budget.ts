import { BoundedMap } from "../model/bounded-map.ts";
import type { HedgeRules } from "../model/policy.ts";

/** Policies that are counted; names come from configurations, so there are few. */
const policiesMax = 10_000;
/** Parts of a hedge that a call earns are counted as integers: a fiftieth fifty times is one. */
const whole = 1_000_000;
/** Hedges that may be saved up while calls need none. */
const savedMax = 10;
/** Slices of a second; one more than a minute has, so that no minute has more than is allowed. */
const slicesMax = 61;

/** Why there is no hedge. */
export type HedgeRefusal = "over_ratio" | "over_cost";

interface Account {
  /** In millionths of a hedge. */
  earned: number;
  readonly spent: MinuteSum;
}

/** Keeps hedges to a part of the calls of a policy, and to what they may cost in a minute. */
export class HedgeBudget {
  readonly #nowMs: () => number;
  readonly #part: number;
  readonly #accounts = new BoundedMap<Account>(policiesMax);

  /**
   * @param nowMs a clock that never goes back, as performance.now.
   * @param workers who spend of what is allowed, each an equal part.
   */
  constructor(nowMs: () => number, workers = 1) {
    this.#nowMs = nowMs;
    this.#part = 1 / workers;
  }

  /** Takes note of a call that may be hedged. */
  called(policy: string, { ratioMax }: HedgeRules): void {
    const account = this.#of(policy);
    account.earned = Math.min(savedMax * whole, account.earned + Math.round(ratioMax * whole));
  }

  /**
   * Whether one more hedge is allowed; `nanos` is what it may cost. A price that is not known may be above any limit, so
   * with one it is refused.
   */
  refusalOf(policy: string, { nanosPerMinuteMax }: HedgeRules, nanos: bigint | undefined): HedgeRefusal | undefined {
    const { earned, spent } = this.#of(policy);
    if (earned < whole) return "over_ratio";
    if (nanosPerMinuteMax === undefined) return undefined;
    const isWithin =
      nanos !== undefined && spent.at(this.#nowMs()) + Number(nanos) <= Number(nanosPerMinuteMax) * this.#part;
    return isWithin ? undefined : "over_cost";
  }

  /** Counts a hedge, at what it may cost. Gives what to call, with billionths of a dollar, once it is known what it did. */
  take(policy: string, nanos: bigint): (actual: bigint) => void {
    const account = this.#of(policy);
    account.earned -= whole;
    const second = account.spent.add(this.#nowMs(), Number(nanos));
    return (actual) => account.spent.correct(this.#nowMs(), second, Number(actual - nanos));
  }

  #of(policy: string): Account {
    const known = this.#accounts.get(policy);
    if (known !== undefined) return known;
    const account = { earned: 0, spent: new MinuteSum() };
    this.#accounts.set(policy, account);
    return account;
  }
}

/** A sum over the last minute. */
class MinuteSum {
  readonly #slices = new Float64Array(slicesMax);
  #second = 0;

  at(nowMs: number): number {
    this.#turn(nowMs);
    return this.#slices.reduce((sum, slice) => sum + slice, 0);
  }

  /** Returns the second that it is counted in. */
  add(nowMs: number, value: number): number {
    this.#turn(nowMs);
    this.#put(this.#second, value);
    return this.#second;
  }

  /** Changes what was counted in a second, if that is not forgotten. */
  correct(nowMs: number, second: number, by: number): void {
    this.#turn(nowMs);
    if (second > this.#second - slicesMax) this.#put(second, by);
  }

  #put(second: number, value: number): void {
    const index = second % slicesMax;
    this.#slices[index] = (this.#slices[index] ?? 0) + value;
  }

  #turn(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    const passed = Math.min(slicesMax, second - this.#second);
    for (let i = 0; i < passed; i++) this.#slices[(second - i) % slicesMax] = 0;
    this.#second = second;
  }
}
