import type { Asked, Attempt } from "../../model/call.ts";
import type { Dispatch } from "../../model/dispatch.ts";
import { GatewayError } from "../../model/error.ts";
import type { Outcome, Served } from "../../model/reply.ts";
import type { Span } from "../../model/trace.ts";
import { operationOf } from "../../telemetry/gen-ai.ts";
import { finishValues, requestValues, usageValues } from "../../telemetry/tracing/model-values.ts";

/** A span for every request to a provider, under that of its call. */
export function traceAttempt<Own extends Attempt<Asked>, R extends Served>(next: Dispatch<Own, R>): Dispatch<Own, R> {
  return (attempt) => {
    const { span } = attempt.call.rpc;
    return span === undefined ? next(attempt) : told(next, attempt, span);
  };
}

async function told<Own extends Attempt<Asked>, R extends Served>(
  next: Dispatch<Own, R>,
  attempt: Own,
  parent: Span,
): Promise<R> {
  const span = begun(attempt, parent);
  try {
    const reply = await next({ ...attempt, span });
    span.event("gen_ai.first_token", {}, reply.firstOutputMs);
    void reply.outcome.then((outcome) => tellEnd(span, reply, outcome));
    return reply;
  } catch (thrown) {
    const error = GatewayError.of(thrown);
    const { status, requestId } = error.upstream;
    span.set({
      "http.response.status_code": status || undefined,
      "llmhub.upstream.request.id": requestId || undefined,
    });
    span.end(error);
    throw thrown;
  }
}

function begun({ call, target, failures, hedge }: Attempt<Asked>, parent: Span): Span {
  const operation = operationOf(call.rpc.method);
  const { provider, model, region } = target;
  return parent.child(`${operation} ${model}`, "client", {
    "gen_ai.operation.name": operation,
    "gen_ai.provider.name": provider.genAiName ?? provider.id,
    "gen_ai.request.model": model,
    "gen_ai.request.stream": call.stream || undefined,
    ...requestValues(call.request),
    "http.request.method": "POST",
    "http.request.resend_count": failures.length || undefined,
    "llmhub.provider": provider.id,
    "llmhub.credential": provider.credential,
    "llmhub.region": region,
    "llmhub.hedge": hedge,
  });
}

function tellEnd(span: Span, { upstreamModel, upstreamRequestId }: Served, outcome: Outcome): void {
  span.set({
    "gen_ai.response.model": upstreamModel || undefined,
    ...finishValues(outcome),
    "llmhub.upstream.request.id": upstreamRequestId || undefined,
  });
  span.add(usageValues(outcome.usage));
  span.end(outcome.error, outcome.endMs);
}
