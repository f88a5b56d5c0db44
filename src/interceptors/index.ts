import type { Limits } from "../limits/limits.ts";
import type { Asked, Attempt, Call } from "../model/call.ts";
import type { Interceptor } from "../model/dispatch.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { breaker, type Gate } from "./attempt/breaker.ts";
import { observe, type Watch } from "./attempt/observe.ts";
import { pace, type Ways } from "./attempt/pace.ts";
import { reconnect } from "./attempt/reconnect.ts";
import { timeout } from "./attempt/timeout.ts";
import { traceAttempt } from "./attempt/trace.ts";
import { accessLog } from "./call/access-log.ts";
import { limit } from "./call/limit.ts";
import { meter } from "./call/meter.ts";
import { traceCall } from "./call/trace.ts";
import { witnessed } from "./call/witness.ts";

/** Around every call, once; the first is outermost. The cache comes next. */
export function callChain(logger: Logger, metrics: Metrics): readonly Interceptor<Call<Asked>>[] {
  return [traceCall, witnessed(meter(metrics), accessLog(logger))];
}

/** Around every call that the cache does not answer, once. */
export function askChain(metrics: Metrics, limits: Limits): readonly Interceptor<Call<Asked>>[] {
  return [limit(limits, metrics)];
}

/** Decides about attempts by how earlier ones went, and learns from each. */
export interface TargetHealth {
  readonly breakers: Gate;
  readonly observe: Watch;
}

/** Around every try at one target; the first is outermost. */
export function attemptChain(
  metrics: Metrics,
  health: TargetHealth,
  ways: Ways,
): readonly Interceptor<Attempt<Asked>>[] {
  return [pace(ways), breaker(health.breakers), timeout, reconnect, observe(metrics, health.observe), traceAttempt];
}
