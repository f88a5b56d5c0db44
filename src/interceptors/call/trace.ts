import { CacheStatus } from "../../../gen/llmhub/v1/routing_pb.ts";
import { attemptCount, triedOf } from "../../model/attempt-record.ts";
import type { Asked, Call } from "../../model/call.ts";
import type { Dispatch } from "../../model/dispatch.ts";
import { GatewayError } from "../../model/error.ts";
import type { Outcome, Served } from "../../model/reply.ts";
import type { Span } from "../../model/trace.ts";
import { operationOf } from "../../telemetry/gen-ai.ts";
import { finishValues, requestValues, usageValues } from "../../telemetry/tracing/model-values.ts";

const cacheStatuses = new Map<number, string>(Object.entries(CacheStatus).map(([name, number]) => [number, name]));

/** Tells in the span of a call what is asked of a model, and what came of it. The span lasts until both it and the call end. */
export function traceCall<Own extends Call<Asked>, R extends Served>(next: Dispatch<Own, R>): Dispatch<Own, R> {
  return (call) => {
    const { span } = call.rpc;
    return span === undefined ? next(call) : told(next, call, span);
  };
}

async function told<Own extends Call<Asked>, R extends Served>(
  next: Dispatch<Own, R>,
  call: Own,
  span: Span,
): Promise<R> {
  const { id, request, rpc, stream } = call;
  span.hold();
  span.set({
    "gen_ai.operation.name": operationOf(rpc.method),
    "gen_ai.request.model": request.model || undefined,
    "gen_ai.request.stream": stream || undefined,
    "llmhub.call.id": id,
    ...requestValues(request),
  });
  try {
    const reply = await next(call);
    span.event("gen_ai.first_token", {}, reply.firstOutputMs);
    void reply.outcome.then((outcome) => tellEnd(span, reply, outcome));
    return reply;
  } catch (thrown) {
    const error = GatewayError.of(thrown);
    span.set({ "llmhub.attempts": triedOf(error.failure?.attempts ?? []) });
    if (error.failure?.usage !== undefined) span.add(usageValues(error.failure.usage));
    span.end(error);
    throw thrown;
  }
}

function tellEnd(span: Span, reply: Served, outcome: Outcome): void {
  const { attempt, upstreamModel, restarts } = reply;
  const { target, policy, strategy, arm, call } = attempt;
  span.set({
    "gen_ai.provider.name": target.provider.genAiName ?? target.provider.id,
    "gen_ai.response.model": upstreamModel || undefined,
    "gen_ai.response.id": call.id,
    ...finishValues(outcome),
    "llmhub.model": target.selector,
    "llmhub.policy": policy || undefined,
    "llmhub.strategy": strategy,
    "llmhub.arm": arm,
    "llmhub.attempts": attemptCount(attempt),
    "llmhub.restarts": restarts || undefined,
    "llmhub.cache.status": call.cache && cacheStatuses.get(call.cache.status),
    "llmhub.replay": call.replay !== undefined || undefined,
    "llmhub.cost.nanos": outcome.cost?.total && Number(outcome.cost.total.amountNanos),
  });
  span.add(usageValues(outcome.usage));
  span.end(outcome.error);
}
