import { blameOf } from "../../model/blame.ts";
import type { Asked, Attempt } from "../../model/call.ts";
import type { Interceptor } from "../../model/dispatch.ts";
import { GatewayError } from "../../model/error.ts";
import type { Observation } from "../../model/observation.ts";
import type { Metrics } from "../../telemetry/metrics.ts";

/** Learns how attempts at a provider go. */
export type Watch = (providerId: string, seen: Observation) => void;

/** Counts attempts by outcome and lets the health of the provider know. */
export function observe(metrics: Metrics, watch: Watch): Interceptor<Attempt<Asked>> {
  return (next) => async (attempt) => {
    try {
      const reply = await next(attempt);
      const firstOutputMs = reply.firstOutputMs - reply.sentMs;
      reply.outcome.then(({ error, isUnmarked }) => {
        note(metrics, watch, attempt, error, firstOutputMs);
        if (isUnmarked) metrics.unmarkedAnswers.cell(attempt.target.provider.id).value += 1;
      });
      return reply;
    } catch (error) {
      note(metrics, watch, attempt, GatewayError.of(error), undefined);
      throw error;
    }
  };
}

function note(
  metrics: Metrics,
  watch: Watch,
  attempt: Attempt<Asked>,
  error: GatewayError | undefined,
  firstOutputMs: number | undefined,
): void {
  const { id, credential = "" } = attempt.target.provider;
  metrics.attempts.cell(id, attemptOutcome(error), credential).value += 1;
  if (error === undefined) {
    metrics.credentialUnhealthy.cell(id, credential).value = 0;
    watch(id, { failed: false, reason: "", firstOutputMs });
    return;
  }
  if (blameOf(error, attempt.target.provider) !== undefined) {
    watch(id, { failed: true, reason: error.reason, firstOutputMs });
  }
  if (error.reason === "PROVIDER_CREDENTIAL_INVALID") metrics.credentialUnhealthy.cell(id, credential).value = 1;
  if (error.info["cause"] === "redirect") metrics.redirectsBlocked.cell(id).value += 1;
  if (error.reason === "PROVIDER_BAD_RESPONSE") metrics.unreadableAnswers.cell(id).value += 1;
}

/** "ok", the provider's HTTP status, the cause, or the reason: a small set of words. */
function attemptOutcome(error: GatewayError | undefined): string {
  if (error === undefined) return "ok";
  if (error.upstream.status >= 400) return String(error.upstream.status);
  return error.info["cause"] ?? error.reason.toLowerCase();
}
