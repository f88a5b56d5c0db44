import type { Asked, Attempt, Call } from "../model/call.ts";
import type { Interceptor } from "../model/dispatch.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { observe, type Watch } from "./attempt/observe.ts";
import { reconnect } from "./attempt/reconnect.ts";
import { timeout } from "./attempt/timeout.ts";
import { accessLog } from "./call/access-log.ts";
import { meter } from "./call/meter.ts";

/** Around every call, once; the first is outermost. */
export function callChain(logger: Logger, metrics: Metrics): readonly Interceptor<Call<Asked>>[] {
  return [accessLog(logger), meter(metrics)];
}

/** Around every try at one target; the first is outermost. */
export function attemptChain(metrics: Metrics, watch: Watch): readonly Interceptor<Attempt<Asked>>[] {
  return [timeout, reconnect, observe(metrics, watch)];
}
