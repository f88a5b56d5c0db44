import { HealthState } from "../../gen/llmhub/v1/model_service_pb.ts";
import type { Observation } from "../model/observation.ts";

/** Age after which a sample is forgotten, in milliseconds. */
const windowMs = 5 * 60 * 1000;

/** Samples kept: 4 kB per provider; a busy provider is judged by less than five minutes. */
const samplesMax = 256;

/** Error rate from which a provider works badly. A tenth stands out from the odd failure of a healthy provider. */
const degradedRate = 0.1;

/** Error rate and samples from which a provider counts as down: the numbers at which a circuit opens. */
const unavailableRate = 0.5;
const unavailableSamplesMin = 5;

/** Health over the last five minutes. */
export interface HealthReading {
  readonly state: HealthState;
  /** Part of attempts that failed, 0 to 1. */
  readonly errorRate: number;
  /** Median and 95th percentile of the time to first output, in milliseconds; undefined without any output. */
  readonly p50: number | undefined;
  readonly p95: number | undefined;
  /** When it was taken, in milliseconds since the epoch. */
  readonly observeTime: number;
  /** Of the last failure in the window; empty when there was none. */
  readonly lastErrorReason: string;
}

interface Sample extends Observation {
  readonly atMs: number;
}

/**
 * Health of one provider, learned from the calls that pass by; nothing is sent to find out. Whoever observes leaves out
 * failures that the caller caused (bad requests, content filters, cancels, deadlines of callers): they say nothing about
 * the provider.
 */
export class HealthWindow {
  readonly #nowMs: () => number;
  readonly #samples: Sample[] = [];
  #next = 0;

  /** @param nowMs milliseconds since the epoch, by a clock that never goes back. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Takes note of one attempt; the oldest is forgotten when 256 are kept. */
  observe({ failed, reason, firstOutputMs }: Observation): void {
    this.#samples[this.#next] = { failed, reason, firstOutputMs, atMs: this.#nowMs() };
    this.#next = (this.#next + 1) % samplesMax;
  }

  /** The health now. Sorts at most 256 numbers: for status calls, not for every request. */
  snapshot(): HealthReading {
    const observeTime = this.#nowMs();
    const ordered = [...this.#samples.slice(this.#next), ...this.#samples.slice(0, this.#next)];
    const recent = ordered.filter(({ atMs }) => observeTime - atMs < windowMs);
    const failures = recent.filter(({ failed }) => failed);
    const errorRate = recent.length === 0 ? 0 : failures.length / recent.length;
    const outputsMs = recent.flatMap(({ firstOutputMs }) => firstOutputMs ?? []).sort((a, b) => a - b);
    return {
      state: stateOf(errorRate, recent.length),
      errorRate,
      p50: percentile(outputsMs, 0.5),
      p95: percentile(outputsMs, 0.95),
      observeTime,
      lastErrorReason: failures.at(-1)?.reason ?? "",
    };
  }
}

function stateOf(errorRate: number, samples: number): HealthState {
  if (errorRate >= unavailableRate && samples >= unavailableSamplesMin) return HealthState.UNAVAILABLE;
  return errorRate >= degradedRate ? HealthState.DEGRADED : HealthState.HEALTHY;
}

/** Nearest rank: the smallest value that this part of all values does not exceed. */
function percentile(sorted: readonly number[], part: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)];
}
