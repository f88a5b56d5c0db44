import { FinishReason } from "../../../gen/llmhub/v1/completion_pb.ts";
import { CacheStatus } from "../../../gen/llmhub/v1/routing_pb.ts";
import { UsageSource } from "../../../gen/llmhub/v1/usage_pb.ts";
import { attemptCount, triedOf } from "../../model/attempt-record.ts";
import type { Asked, Attempt, Call } from "../../model/call.ts";
import type { GatewayError } from "../../model/error.ts";
import type { Outcome, Served } from "../../model/reply.ts";
import { chargesOf } from "../../model/sum.ts";
import { codeName } from "../../telemetry/code-name.ts";
import { faultOf, type LogFields, type Logger } from "../../telemetry/logger.ts";
import type { Witness } from "./witness.ts";

/** Labels of one call that are logged, and characters of each. */
const labelsMax = 8;
const labelCharsMax = 64;

const finishReasons = new Map<number, string>(Object.entries(FinishReason).map(([name, number]) => [number, name]));
const cacheStatuses = new Map<number, string>(Object.entries(CacheStatus).map(([name, number]) => [number, name]));

/** One line per call, when it has ended. Errors of the gateway itself are errors, provider failures warnings. */
export function accessLog(logger: Logger): Witness {
  return {
    rejected: (call, error) => write(logger, failureFields(call, error), error),
    ended: (call, reply, outcome) => write(logger, replyFields(call, reply, outcome), outcome.error),
  };
}

function write(logger: Logger, fields: LogFields, error: GatewayError | undefined): void {
  if (error === undefined) logger.info(fields, "call");
  else if (error.reason === "INTERNAL") logger.error({ ...fields, fault: faultOf(error.cause) }, "call");
  else if (isProviderFault(error)) logger.warn(fields, "call");
  else logger.info(fields, "call");
}

function isProviderFault({ reason }: GatewayError): boolean {
  return reason.startsWith("PROVIDER_") || reason === "STREAM_INTERRUPTED";
}

function failureFields({ id, rpc, request }: Call<Asked>, error: GatewayError): LogFields {
  const attempts = error.failure?.attempts ?? [];
  const last = attempts.at(-1);
  const { usage, cost } = error.failure ?? {};
  return {
    callId: id,
    requestId: rpc.requestId,
    traceId: rpc.trace?.traceId,
    spanId: rpc.trace?.spanId,
    keyId: rpc.caller.keyId,
    tenantId: rpc.caller.tenantId || undefined,
    method: rpc.method,
    requestedModel: request.model,
    labels: boundedLabels(request.labels),
    provider: last?.provider ?? "",
    model: last?.model ?? "",
    credential: last?.credential || undefined,
    upstreamRequestId: error.upstream.requestId,
    attempts: triedOf(attempts),
    inputTokens: usage?.inputTokens ?? 0,
    outputTokens: usage?.outputTokens ?? 0,
    usageEstimated: usage?.source === UsageSource.ESTIMATED,
    costNanos: cost?.total?.amountNanos.toString(),
    durationMs: since(rpc.startMs, performance.now()),
    outcome: "rejected",
    code: codeName(error.code),
    reason: error.reason,
    cause: error.info["cause"],
    replay: error.info["idempotentReplay"] === "true" || undefined,
  };
}

/** One literal, and so are those of failures: to put objects together costs as much as to write the line. */
function replyFields({ id, rpc, request }: Call<Asked>, reply: Served, outcome: Outcome): LogFields {
  const { target, call } = reply.attempt;
  const { cache } = call;
  const { error } = outcome;
  const { failures } = reply.attempt;
  const { usage = outcome.usage, cost } = failures.length === 0 ? outcome : chargesOf([...failures, outcome]);
  return {
    callId: id,
    requestId: rpc.requestId,
    traceId: rpc.trace?.traceId,
    spanId: rpc.trace?.spanId,
    keyId: rpc.caller.keyId,
    tenantId: rpc.caller.tenantId || undefined,
    method: rpc.method,
    requestedModel: request.model,
    labels: boundedLabels(request.labels),
    provider: target.provider.id,
    model: target.selector,
    credential: target.provider.credential,
    upstreamModel: reply.upstreamModel,
    upstreamRequestId: reply.upstreamRequestId,
    policy: reply.attempt.policy || undefined,
    strategy: reply.attempt.strategy,
    region: target.region,
    arm: reply.attempt.arm,
    attempts: attemptCount(reply.attempt),
    hedge: hedgeOf(reply.attempt),
    restarts: reply.restarts || undefined,
    cache: cache && cacheStatuses.get(cache.status),
    cacheAgeMs: cache?.madeMs && Math.max(0, Date.now() - cache.madeMs),
    replay: call.replay !== undefined || undefined,
    inputTokens: usage.inputTokens,
    outputTokens: usage.outputTokens,
    usageEstimated: usage.source === UsageSource.ESTIMATED,
    costNanos: cost?.total?.amountNanos.toString(),
    firstOutputMs: since(rpc.startMs, reply.firstOutputMs),
    durationMs: since(rpc.startMs, outcome.endMs),
    outcome: outcome.state,
    code: codeName(error?.code),
    reason: error?.reason,
    cause: error?.info["cause"],
    finishReason: finishReasons.get(outcome.finishReason) ?? "OTHER",
  };
}

/** How the hedges of a call went that was answered; undefined: it had none. */
function hedgeOf({ hedge, failures }: Attempt<Asked>): "won" | "lost" | undefined {
  if (hedge === true) return "won";
  return failures.some((record) => record.hedge) ? "lost" : undefined;
}

/** Milliseconds with one decimal. */
function since(startMs: number, endMs: number): number {
  return Math.round((endMs - startMs) * 10) / 10;
}

function boundedLabels(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const names = Object.keys(labels);
  if (names.length === 0) return labels;
  const kept = names.slice(0, labelsMax);
  return Object.fromEntries(kept.map((name) => [name, labels[name]?.slice(0, labelCharsMax) ?? ""]));
}
