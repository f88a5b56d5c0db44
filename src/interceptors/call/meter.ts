import type { Attempt as AttemptRecord } from "../../../gen/llmhub/v1/routing_pb.ts";
import { type Cost, type Usage, UsageSource } from "../../../gen/llmhub/v1/usage_pb.ts";
import type { Asked, Call } from "../../model/call.ts";
import type { GatewayError } from "../../model/error.ts";
import type { Outcome, Served } from "../../model/reply.ts";
import { codeName } from "../../telemetry/code-name.ts";
import type { Metrics, Series } from "../../telemetry/metrics.ts";
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
  series.duration.observe(secondsBetween(rpc.startMs, performance.now()));
  countFailures(metrics, rpc.method, attempts);
}

function countEnded(metrics: Metrics, { rpc, stream }: Call<Asked>, reply: Served, outcome: Outcome): void {
  const { state, error } = outcome;
  const { provider, model } = reply.attempt.target;
  if (stream) metrics.openStreams.cell(rpc.method).value -= 1;
  if (stream && state === "failed") metrics.brokenStreams.cell(error?.reason ?? "INTERNAL").value += 1;

  const series = metrics.series(rpc.method, provider.id, model);
  series.calls(codeName(error?.code)).value += 1;
  series.duration.observe(secondsBetween(rpc.startMs, outcome.endMs));
  series.firstOutput.observe(secondsBetween(rpc.startMs, reply.firstOutputMs));
  countFailures(metrics, rpc.method, reply.attempt.failures);
  countUsage(series, outcome.usage, outcome.cost);
}

/** What attempts used up although they failed, each where it was made. */
function countFailures(metrics: Metrics, method: string, attempts: readonly AttemptRecord[]): void {
  for (const attempt of attempts) {
    const { provider, usage, cost } = attempt;
    if (usage !== undefined) countUsage(metrics.series(method, provider, modelName(attempt)), usage, cost);
  }
}

function countUsage(series: Series, usage: Usage, cost: Cost | undefined): void {
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
