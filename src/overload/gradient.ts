/** Shortest time that is judged as one, in milliseconds. */
const windowMs = 500;
/** Answers without which nothing is judged. */
const samplesMin = 20;
/** Answers of one window that are remembered; later ones take the place of earlier ones. */
const samplesMax = 128;
/** A fifth of the answers was faster than what is looked at. */
const quantile = 0.2;
/** So many times slower than usual is not too slow. */
const tolerance = 2;
/** So much more is never too slow, in milliseconds: answers that take a few are as much the network's and the gateway's. */
const slackMs = 50;
const growth = 1.25;
/** Least that is left of a limit at once. */
const shrinkMin = 0.5;
/** What remains of it when the target failed under its load. */
const failedShrink = 0.8;
/** So many of the attempts have to fail for that: some providers are overloaded for some calls at any time. */
const failedPart = 0.1;
/** How much of another latency becomes the usual one with each window. */
const drift = 0.1;

/** What an operator decides about a target. */
export interface GradientRules {
  /** Fewer are never allowed. */
  readonly callsMin: number;
  readonly callsMax: number;
}

/** How an attempt went. */
export interface Sample {
  /** When it was sent. */
  readonly sentMs: number;
  /** From sending to the first output. */
  readonly latencyMs: number;
  /** Whole answers take as long as they are; the first piece of a stream does not. */
  readonly stream: boolean;
}

interface Series {
  readonly latencies: number[];
  /** What the faster answers take when all is well; 0: nothing is known. */
  usualMs: number;
}

/**
 * How many attempts one target gets at once, by how the latency of its faster answers compares with what they take when
 * all is well. A target that queues makes all answers slow, the fast ones too; long answers among short ones do not.
 * It is judged every half second, by at least 20 answers to attempts that were sent since it was lowered. At the floor it
 * is not the load that makes it slow: what it takes there is its own pace, and becomes the usual one.
 */
export class Gradient {
  readonly #rules: () => GradientRules;
  readonly #streams: Series = { latencies: [], usualMs: 0 };
  readonly #wholes: Series = { latencies: [], usualMs: 0 };
  #limit = Number.POSITIVE_INFINITY;
  #peak = 0;
  #failed = 0;
  #samples = 0;
  /** The window began. */
  #sinceMs: number | undefined;
  /** The limit went down last. */
  #shrunkMs = Number.NEGATIVE_INFINITY;

  constructor(rules: () => GradientRules) {
    this.#rules = rules;
  }

  get limit(): number {
    const { callsMin, callsMax } = this.#rules();
    return Math.max(callsMin, Math.min(Math.floor(this.#limit), callsMax));
  }

  /** Takes note of an answer; `inFlight` counts it, too. */
  answered({ sentMs, latencyMs, stream }: Sample, inFlight: number, nowMs: number): void {
    this.#peak = Math.max(this.#peak, inFlight);
    // What was sent before the limit went down tells of the time before.
    if (sentMs < this.#shrunkMs) return;
    const { latencies } = stream ? this.#streams : this.#wholes;
    if (latencies.length < samplesMax) latencies.push(latencyMs);
    else latencies[this.#samples % samplesMax] = latencyMs;
    this.#samples += 1;
    this.#judge(nowMs);
  }

  /** Takes note of an attempt that failed because the target was too slow, or said that it has too much to do. */
  failed(sentMs: number, inFlight: number, nowMs: number): void {
    this.#peak = Math.max(this.#peak, inFlight);
    if (sentMs < this.#shrunkMs) return;
    this.#failed += 1;
    this.#judge(nowMs);
  }

  #judge(nowMs: number): void {
    this.#sinceMs ??= nowMs;
    if (nowMs - this.#sinceMs < windowMs) return;
    if (this.#failed >= failedPart * (this.#failed + this.#samples)) this.#change(failedShrink, nowMs);
    else if (Math.max(this.#streams.latencies.length, this.#wholes.latencies.length) >= samplesMin) {
      this.#change(Math.min(this.#ratio(this.#streams), this.#ratio(this.#wholes)), nowMs);
    }
  }

  /** Above 1: all is well. Below: by so much the target is too slow. */
  #ratio(series: Series): number {
    const { latencies, usualMs } = series;
    if (latencies.length < samplesMin) return growth;
    const lowMs = Math.max(1, low(latencies));
    if (usualMs === 0) {
      series.usualMs = lowMs;
      return growth;
    }
    const allowedMs = usualMs * tolerance + slackMs;
    if (lowMs <= allowedMs) {
      // Near the limit a higher latency may be the load's doing; learned as usual, it would allow ever more of it.
      if (lowMs < usualMs || this.#peak < this.limit / 2) series.usualMs = usualMs + drift * (lowMs - usualMs);
      return growth;
    }
    if (this.limit > this.#rules().callsMin) return allowedMs / lowMs;
    series.usualMs = Math.sqrt(usualMs * lowMs);
    return 1;
  }

  #change(ratio: number, nowMs: number): void {
    const { callsMin, callsMax } = this.#rules();
    if (ratio >= 1) {
      const grown = Math.ceil(Math.min(this.#limit, callsMax) * ratio);
      this.#limit = grown >= callsMax ? Number.POSITIVE_INFINITY : grown;
    } else if (this.#peak > callsMin) {
      this.#limit = Math.max(callsMin, Math.min(this.#limit, this.#peak) * Math.max(shrinkMin, ratio));
      this.#shrunkMs = nowMs;
    }
    this.#sinceMs = nowMs;
    this.#peak = 0;
    this.#failed = 0;
    this.#samples = 0;
    this.#streams.latencies.length = 0;
    this.#wholes.latencies.length = 0;
  }
}

function low(latencies: readonly number[]): number {
  const sorted = [...latencies].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * quantile)] ?? 0;
}
