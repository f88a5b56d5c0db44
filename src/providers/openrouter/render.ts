import type { JsonObject } from "@bufbuild/protobuf";
import type { CompleteRequest, ReasoningOptions } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { LossReport } from "../../protocols/chat-completions/loss-report.ts";
import { renderVariant } from "../../protocols/chat-completions/variant.ts";
import type { ChatBody } from "../../protocols/chat-completions/wire.ts";

/**
 * The request as OpenRouter takes it: openrouter.ai/docs, "API parameters" and "Reasoning tokens". Where to route on is said
 * by provider_options ("provider").
 */
export const renderOpenrouter = renderVariant({ names: { topK: "top_k" }, adapt, finish });

/** Takes out what goes into the field "reasoning", of which the dialect knows nothing. */
function adapt(request: CompleteRequest, losses: LossReport): CompleteRequest {
  const { reasoning } = request;
  if (reasoning === undefined) return request;
  const { budgetTokens, ...rest } = reasoning;
  if (budgetTokens !== undefined && budgetTokens > 0 && reasoning.effort !== "") {
    losses.ignored("reasoning.effort", "the provider takes either an effort or a budget");
  }
  return { ...request, reasoning: { ...rest, effort: "" } };
}

function finish(body: ChatBody, { reasoning }: CompleteRequest): ChatBody {
  const options = reasoning === undefined ? undefined : reasoningOf(reasoning);
  return options === undefined ? body : { reasoning: options, ...body };
}

function reasoningOf({ effort, budgetTokens }: ReasoningOptions): JsonObject | undefined {
  if (budgetTokens === 0) return { effort: "none" };
  if (budgetTokens !== undefined) return { max_tokens: budgetTokens };
  return effort === "" ? undefined : { effort };
}
