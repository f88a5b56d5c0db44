import { blameOf } from "../../model/blame.ts";
import type { Asked, Attempt } from "../../model/call.ts";
import type { Interceptor } from "../../model/dispatch.ts";
import { GatewayError } from "../../model/error.ts";
import type { Observation } from "../../model/observation.ts";
import type { Provider } from "../../model/target.ts";
import type { Cell } from "../../telemetry/family.ts";
import type { Metrics } from "../../telemetry/metrics.ts";

/** Learns how attempts at a provider go. */
export type Watch = (providerId: string, seen: Observation) => void;

/** What a success counts at, looked up once for each open provider. */
interface GoodCells {
  readonly attempts: Cell;
  readonly unhealthy: Cell;
}

/** Counts attempts by outcome and lets the health of the provider know. */
export function observe(metrics: Metrics, watch: Watch): Interceptor<Attempt<Asked>> {
  const good = new WeakMap<Provider, GoodCells>();
  const succeeded = ({ target: { provider } }: Attempt<Asked>, firstOutputMs: number) => {
    const { attempts, unhealthy } = good.get(provider) ?? goodCells(metrics, good, provider);
    attempts.value += 1;
    unhealthy.value = 0;
    watch(provider.id, { failed: false, reason: "", firstOutputMs });
  };
  return (next) => async (attempt) => {
    const startMs = performance.now();
    try {
      const reply = await next(attempt);
      const firstOutputMs = reply.firstOutputMs - reply.sentMs;
      void reply.outcome.then(({ error, isUnmarked, endMs }) => {
        timed(metrics, attempt, { model: reply.upstreamModel, error, ms: endMs - reply.sentMs });
        if (error === undefined) succeeded(attempt, firstOutputMs);
        else failed(metrics, watch, attempt, error, firstOutputMs);
        if (isUnmarked) metrics.unmarkedAnswers.cell(attempt.target.provider.id).value += 1;
      });
      return reply;
    } catch (thrown) {
      const error = GatewayError.of(thrown);
      timed(metrics, attempt, { model: "", error, ms: performance.now() - startMs });
      failed(metrics, watch, attempt, error, undefined);
      throw thrown;
    }
  };
}

interface Timed {
  /** Name of the model by the provider's word; empty without an answer. */
  readonly model: string;
  readonly error: GatewayError | undefined;
  readonly ms: number;
}

function timed(metrics: Metrics, { call, target }: Attempt<Asked>, { model, error, ms }: Timed): void {
  const series = metrics.series(call.rpc.method, target.provider.id, target.model);
  const cell = series.genAi.of(model).operation(error?.reason ?? "");
  cell.observe(Math.max(0, ms) / 1000, call.rpc.trace);
}

function goodCells(metrics: Metrics, good: WeakMap<Provider, GoodCells>, provider: Provider): GoodCells {
  const { id, credential = "" } = provider;
  const cells = {
    attempts: metrics.attempts.cell(id, "ok", credential),
    unhealthy: metrics.credentialUnhealthy.cell(id, credential),
  };
  good.set(provider, cells);
  return cells;
}

function failed(
  metrics: Metrics,
  watch: Watch,
  { target: { provider } }: Attempt<Asked>,
  error: GatewayError,
  firstOutputMs: number | undefined,
): void {
  const { id, credential = "" } = provider;
  metrics.attempts.cell(id, outcomeOf(error), credential).value += 1;
  if (blameOf(error, provider) !== undefined) watch(id, { failed: true, reason: error.reason, firstOutputMs });
  if (error.reason === "PROVIDER_CREDENTIAL_INVALID") metrics.credentialUnhealthy.cell(id, credential).value = 1;
  if (error.info["cause"] === "redirect") metrics.redirectsBlocked.cell(id).value += 1;
  if (error.reason === "PROVIDER_BAD_RESPONSE") metrics.unreadableAnswers.cell(id).value += 1;
}

/** The provider's HTTP status, the cause, or the reason: a small set of words. */
function outcomeOf(error: GatewayError): string {
  if (error.upstream.status >= 400) return String(error.upstream.status);
  return error.info["cause"] ?? error.reason.toLowerCase();
}
