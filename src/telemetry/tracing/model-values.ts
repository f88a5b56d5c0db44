import { FinishReason } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Usage } from "../../../gen/llmhub/v1/usage_pb.ts";
import type { Asked } from "../../model/call.ts";
import type { Outcome } from "../../model/reply.ts";
import type { SpanValues } from "../../model/trace.ts";

const finishReasons = new Map<number, string>(
  Object.entries(FinishReason).map(([name, number]) => [Number(number), name.toLowerCase()]),
);

/** What is asked of a model, by OpenTelemetry's conventions for generative AI: how it is to answer, never what it is asked. */
export function requestValues(request: Asked): SpanValues {
  switch (request.$typeName) {
    case "llmhub.v1.CompleteRequest":
      return {
        "gen_ai.request.max_tokens": request.maxOutputTokens,
        "gen_ai.request.temperature": request.temperature,
        "gen_ai.request.top_p": request.topP,
        "gen_ai.request.top_k": request.topK,
        "gen_ai.request.frequency_penalty": request.frequencyPenalty,
        "gen_ai.request.presence_penalty": request.presencePenalty,
        "gen_ai.request.seed": request.seed,
      };
    case "llmhub.v1.EmbedRequest":
      return { "gen_ai.embeddings.dimension.count": request.dimensions };
    default:
      return {};
  }
}

/** Why an answer ended, in the words of the conventions. */
export function finishValues({ finishReason }: Pick<Outcome, "finishReason">): SpanValues {
  const reason = finishReasons.get(finishReason) ?? "other";
  return { "gen_ai.response.finish_reasons": finishReason === FinishReason.UNSPECIFIED ? undefined : [reason] };
}

/** What an answer used; nothing of what it did not. */
export function usageValues(usage: Usage): Record<string, number> {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens } = usage;
  return {
    "gen_ai.usage.input_tokens": inputTokens,
    "gen_ai.usage.output_tokens": outputTokens,
    ...(cacheReadTokens !== undefined && { "gen_ai.usage.cache_read.input_tokens": cacheReadTokens }),
    ...(cacheWriteTokens !== undefined && { "gen_ai.usage.cache_creation.input_tokens": cacheWriteTokens }),
    ...(reasoningTokens !== undefined && { "gen_ai.usage.reasoning.output_tokens": reasoningTokens }),
  };
}
