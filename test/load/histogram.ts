/** Each bucket reaches so much further than the one before: figures are right to half of that. */
const step = 1.01;
/** Where the first bucket ends, in milliseconds. */
const leastMs = 0.01;

/** Buckets that are not empty, as [index, count]. */
export type Buckets = readonly (readonly [index: number, count: number])[];

/** Durations in buckets that grow by 1 %: many are kept in little room, and those of several processes add up. */
export class Histogram {
  readonly #counts = new Map<number, number>();
  #count = 0;

  static of(...parts: readonly Buckets[]): Histogram {
    const sum = new Histogram();
    for (const part of parts) for (const [index, count] of part) sum.#add(index, count);
    return sum;
  }

  get count(): number {
    return this.#count;
  }

  record(ms: number): void {
    this.#add(ms <= leastMs ? 0 : Math.ceil(Math.log(ms / leastMs) / Math.log(step)), 1);
  }

  /** Milliseconds that the part `quantile` of all stays within; NaN: there are none. */
  at(quantile: number): number {
    let left = Math.max(1, Math.ceil(quantile * this.#count));
    for (const [index, count] of this.buckets()) {
      left -= count;
      if (left <= 0) return leastMs * step ** (index - 0.5);
    }
    return Number.NaN;
  }

  /** In ascending order. */
  buckets(): Buckets {
    return [...this.#counts].sort(([a], [b]) => a - b);
  }

  #add(index: number, count: number): void {
    this.#counts.set(index, (this.#counts.get(index) ?? 0) + count);
    this.#count += count;
  }
}
