import { BoundedMap } from "../model/bounded-map.ts";
import { LatencyDigest } from "./latency-digest.ts";

/** Time in which an observation loses almost two thirds of its weight (1 - 1/e). */
const fadeMs = 60_000;
/** Below this weight nothing is known any more: one observation three minutes ago. */
const weightMin = 0.05;
/** Targets that are watched; the one that was not called for longest is forgotten. */
const targetsMax = 10_000;
/** What is slow for a target: longer than nineteen of twenty answers take. */
const slowPart = 0.95;

/** A mean in which old values fade. */
class FadingMean {
  #sum = 0;
  #weight = 0;
  #atMs = 0;

  add(value: number, nowMs: number): void {
    const kept = Math.exp((this.#atMs - nowMs) / fadeMs);
    this.#sum = this.#sum * kept + value;
    this.#weight = this.#weight * kept + 1;
    this.#atMs = nowMs;
  }

  /** Undefined when all that was known has faded. */
  at(nowMs: number): number | undefined {
    const weight = this.#weight * Math.exp((this.#atMs - nowMs) / fadeMs);
    return weight < weightMin ? undefined : this.#sum / this.#weight;
  }
}

interface Reading {
  readonly streamed: FadingMean;
  readonly whole: FadingMean;
  readonly failed: FadingMean;
  /** Of calls that may be hedged. */
  streamedSpread?: LatencyDigest;
  wholeSpread?: LatencyDigest;
}

/** How targets do of late, learned from calls: for picking the fastest or the healthiest. */
export class Readings {
  readonly #nowMs: () => number;
  readonly #of = new BoundedMap<Reading>(targetsMax);

  /** @param nowMs a clock that never goes back, as performance.now. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Takes note of the first output of an attempt. A whole answer comes only when it is complete, so the two are kept apart. */
  answered(selector: string, stream: boolean, firstOutputMs: number): void {
    const nowMs = this.#nowMs();
    const reading = this.#reading(selector);
    (stream ? reading.streamed : reading.whole).add(firstOutputMs, nowMs);
    reading.failed.add(0, nowMs);
  }

  /**
   * Takes note of how long the first output of an attempt took, or how long it was waited for in vain when another was
   * faster, so that `slowMs` is known. For targets that are hedged only: others need not pay for it.
   */
  timed(selector: string, stream: boolean, ms: number): void {
    const reading = this.#reading(selector);
    if (stream) reading.streamedSpread ??= new LatencyDigest();
    else reading.wholeSpread ??= new LatencyDigest();
    (stream ? reading.streamedSpread : reading.wholeSpread)?.add(ms, this.#nowMs());
  }

  /** Takes note of an attempt that the provider failed. */
  failed(selector: string): void {
    this.#reading(selector).failed.add(1, this.#nowMs());
  }

  /** Mean time to first output, in milliseconds; undefined when nothing is known. */
  latencyMs(selector: string, stream: boolean): number | undefined {
    const reading = this.#of.peek(selector);
    return (stream ? reading?.streamed : reading?.whole)?.at(this.#nowMs());
  }

  /** The 95th percentile of what was `timed` of late, in milliseconds; undefined when too little is known. */
  slowMs(selector: string, stream: boolean): number | undefined {
    const reading = this.#of.peek(selector);
    return (stream ? reading?.streamedSpread : reading?.wholeSpread)?.percentile(slowPart, this.#nowMs());
  }

  /** Part of attempts that failed, 0 to 1; 0 when nothing is known. */
  errorRate(selector: string): number {
    return this.#of.peek(selector)?.failed.at(this.#nowMs()) ?? 0;
  }

  #reading(selector: string): Reading {
    const known = this.#of.get(selector);
    if (known !== undefined) return known;
    const reading: Reading = { streamed: new FadingMean(), whole: new FadingMean(), failed: new FadingMean() };
    this.#of.set(selector, reading);
    return reading;
  }
}
