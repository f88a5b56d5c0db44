/** Buckets for each doubling: neighbours differ by a fifth. */
const bucketsPerDoubling = 4;
/** From 1 ms to 15 minutes; what takes longer counts as the last. */
const bucketsMax = 80;
/** Time in which a value loses almost two thirds of its weight (1 - 1/e). */
const fadeMs = 5 * 60_000;
/** How often the weights are lowered. */
const stepMs = 1000;
/** With fewer values nothing is known of the slowest twentieth. */
const weightMin = 20;

/** How times of late are spread, in a bounded histogram in which old values fade: 640 bytes, whatever comes. */
export class LatencyDigest {
  readonly #weights = new Float64Array(bucketsMax);
  #atMs = 0;

  /** @param nowMs on a clock that never goes back, as in `percentile`. */
  add(ms: number, nowMs: number): void {
    if (nowMs - this.#atMs >= stepMs) {
      const kept = keptOf(nowMs - this.#atMs);
      for (let i = 0; i < bucketsMax; i++) this.#weights[i] = kept * (this.#weights[i] ?? 0);
      this.#atMs = nowMs;
    }
    const bucket = Math.ceil(Math.log2(Math.max(1, ms)) * bucketsPerDoubling);
    const index = Math.min(bucketsMax - 1, bucket);
    this.#weights[index] = (this.#weights[index] ?? 0) + 1;
  }

  /**
   * The time within which this part of the values lies, in milliseconds, rounded up by a fifth at most; undefined while
   * there are fewer than 20 of late.
   */
  percentile(part: number, nowMs: number): number | undefined {
    let total = 0;
    for (const weight of this.#weights) total += weight;
    if (total * keptOf(nowMs - this.#atMs) < weightMin) return undefined;
    let index = 0;
    for (let sum = this.#weights[0] ?? 0; sum < part * total && index < bucketsMax - 1; ) {
      index += 1;
      sum += this.#weights[index] ?? 0;
    }
    return 2 ** (index / bucketsPerDoubling);
  }
}

function keptOf(ageMs: number): number {
  return Math.exp(-Math.max(0, ageMs) / fadeMs);
}
