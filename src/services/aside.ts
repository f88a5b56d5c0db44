import { create } from "@bufbuild/protobuf";
import { FinishReason, type Warning } from "../../gen/llmhub/v1/completion_pb.ts";
import { type Usage, UsageSchema, UsageSource } from "../../gen/llmhub/v1/usage_pb.ts";
import type { Attempt } from "../model/call.ts";
import { costOf } from "../model/cost.ts";
import { estimateInput } from "../model/estimate.ts";
import { lacking } from "../model/lacking.ts";
import type { Result, Served } from "../model/reply.ts";

/** Counts the input tokens of an attempt: by the provider where it can, else estimated and marked so. */
export async function counted(attempt: Attempt): Promise<Result<Usage>> {
  const { provider } = attempt.target;
  if (provider.countTokens === undefined) throw lacking(provider.id, "count_tokens");
  const usage = await provider.countTokens(attempt);
  return { ...served(attempt, usage, []), value: usage };
}

/** What an attempt would lose, and its input cost, without making it. */
export async function previewed(attempt: Attempt): Promise<Served> {
  const { provider } = attempt.target;
  if (provider.preview === undefined) throw lacking(provider.id, "complete");
  const inputTokens = estimateInput(attempt.call.request);
  const usage = create(UsageSchema, { inputTokens, source: UsageSource.ESTIMATED });
  return served(attempt, usage, provider.preview(attempt));
}

/** What was found out without an answer, in the form of one: interceptors know no other. */
function served(attempt: Attempt, usage: Usage, warnings: readonly Warning[]): Served {
  const endMs = performance.now();
  const cost = costOf(usage, attempt.target.facts.priceList);
  const finishReason = FinishReason.UNSPECIFIED;
  return {
    attempt,
    sentMs: endMs,
    firstOutputMs: endMs,
    upstreamRequestId: "",
    upstreamModel: "",
    warnings,
    outcome: Promise.resolve({ state: "finished", error: undefined, finishReason, usage, cost, endMs }),
  };
}
