import type { Attempt as AttemptRecord } from "../../../gen/llmhub/v1/routing_pb.ts";
import { type Cost, type Usage, UsageSource } from "../../../gen/llmhub/v1/usage_pb.ts";
import { isAnsweredBefore } from "../../model/attempt-record.ts";
import type { Asked, Call } from "../../model/call.ts";
import type { GatewayError } from "../../model/error.ts";
import type { Outcome, Served } from "../../model/reply.ts";
import type { Series } from "../../telemetry/call-series.ts";
import { codeName } from "../../telemetry/code-name.ts";
import type { GenAiCells } from "../../telemetry/gen-ai-metrics.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Witness } from "./witness.ts";

/** Counts each call once, when it has ended: status, time, tokens and cost. Attempts are counted where they are made. */
export function meter(metrics: Metrics): Witness {
  return {
    begun({ stream, rpc }) {
      if (stream) metrics.openStreams.cell(rpc.method).value += 1;
    },
    rejected: (call, error) => countRejected(metrics, call, error),
    ended: (call, reply, outcome) => countEnded(metrics, call, reply, outcome),
  };
}

function countRejected(metrics: Metrics, { rpc }: Call<Asked>, error: GatewayError): void {
  const { attempts = [] } = error.failure ?? {};
  const last = attempts.at(-1);
  const series = metrics.series(rpc.method, last?.provider ?? "", last === undefined ? "" : modelName(last));
  series.calls(codeName(error.code)).value += 1;
  const seconds = secondsBetween(rpc.startMs, performance.now());
  series.duration.observe(seconds, rpc.trace);
  series.genAi.of("").request(error.reason).observe(seconds, rpc.trace);
  countFailures(metrics, rpc.method, attempts);
}

function countEnded(metrics: Metrics, { rpc, stream }: Call<Asked>, reply: Served, outcome: Outcome): void {
  const { state, error } = outcome;
  const { provider, model } = reply.attempt.target;
  if (stream) metrics.openStreams.cell(rpc.method).value -= 1;
  if (stream && state === "failed") metrics.brokenStreams.cell(error?.reason ?? "INTERNAL").value += 1;

  const series = metrics.series(rpc.method, provider.id, model);
  series.calls(codeName(error?.code)).value += 1;
  const seconds = secondsBetween(rpc.startMs, outcome.endMs);
  const firstSeconds = secondsBetween(rpc.startMs, reply.firstOutputMs);
  series.duration.observe(seconds, rpc.trace);
  series.firstOutput.observe(firstSeconds, rpc.trace);
  const genAi = series.genAi.of(reply.upstreamModel);
  genAi.request(error?.reason ?? "").observe(seconds, rpc.trace);
  // What comes whole, or was there already, tells nothing of how fast a model makes tokens.
  if (stream && error === undefined && !isAnsweredBefore(reply.attempt.call)) {
    genAi.firstToken.observe(firstSeconds, rpc.trace);
    const later = outcome.usage.outputTokens - 1;
    if (later > 0) genAi.perToken.observe(Math.max(0, seconds - firstSeconds) / later, rpc.trace);
  }
  countFailures(metrics, rpc.method, reply.attempt.failures);
  countUsage(series, genAi, outcome.usage, outcome.cost);
}

/** What attempts used up although they failed, each where it was made. */
function countFailures(metrics: Metrics, method: string, attempts: readonly AttemptRecord[]): void {
  for (const attempt of attempts) {
    const { provider, usage, cost } = attempt;
    if (usage === undefined) continue;
    const series = metrics.series(method, provider, modelName(attempt));
    countUsage(series, series.genAi.of(""), usage, cost);
  }
}

function countUsage(series: Series, genAi: GenAiCells, usage: Usage, cost: Cost | undefined): void {
  if (usage.inputTokens > 0) genAi.inputTokens.observe(usage.inputTokens);
  if (usage.outputTokens > 0) genAi.outputTokens.observe(usage.outputTokens);
  series.input.value += usage.inputTokens;
  series.output.value += usage.outputTokens;
  series.cacheRead.value += usage.cacheReadTokens ?? 0;
  series.cacheWrite.value += usage.cacheWriteTokens ?? 0;
  series.reasoning.value += usage.reasoningTokens ?? 0;
  if (cost?.total !== undefined) series.costDollars.value += Number(cost.total.amountNanos) / 1e9;
  if (usage.source === UsageSource.ESTIMATED) series.usageEstimated.value += 1;
}

/** The provider's name of the model: a record has the selector, which begins with the provider. */
function modelName({ provider, model }: AttemptRecord): string {
  return model.startsWith(`${provider}/`) ? model.slice(provider.length + 1) : model;
}

function secondsBetween(startMs: number, endMs: number): number {
  return Math.max(0, endMs - startMs) / 1000;
}
