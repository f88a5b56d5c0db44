import type { JsonObject } from "@bufbuild/protobuf";
import { renderSampling, warnUnknown } from "../messages/sampling.ts";
import { type OutputBound, planThinking } from "../messages/thinking.ts";
import { outputBound } from "../output-bound.ts";
import { vendorOf } from "./model-id.ts";
import { renderEffort } from "./reasoning.ts";
import type { Rendering } from "./rendering.ts";
import type { InferenceConfig, Message, ToolConfig } from "./wire.ts";

/** How the model is to answer. */
export interface Inference {
  readonly config: InferenceConfig;
  /** For `outputConfig`. */
  readonly effort?: string;
  /** Settings in the model's own format. */
  readonly more: JsonObject;
}

/** Where models of other vendors have top_k in their own format. */
const topKFields: Readonly<Record<string, (topK: number) => JsonObject>> = {
  amazon: (topK) => ({ inferenceConfig: { topK } }),
  cohere: (k) => ({ k }),
  mistral: (top_k) => ({ top_k }),
};

/** Settings of sampling, length and thinking. */
export function renderInference(
  rendering: Rendering,
  tools: ToolConfig | undefined,
  messages: readonly Message[],
): Inference {
  const vendor = vendorOf(rendering.target.model);
  const maxTokens = outputBound(rendering);
  // Absent: the model's own limit.
  const length = maxTokens === undefined ? {} : { maxTokens };
  if (vendor === "anthropic") return claudeInference(rendering, tools, messages, length);
  const { temperature, topP, topK, stopSequences } = rendering.request;
  warnUnknown(rendering);
  if (temperature !== undefined && temperature > 1) {
    rendering.changed("temperature", "1 is the highest temperature here; 1 is used");
  }
  const config: InferenceConfig = {
    ...length,
    ...(temperature === undefined ? {} : { temperature: Math.min(temperature, 1) }),
    ...(topP === undefined ? {} : { topP }),
    ...(stopSequences.length === 0 ? {} : { stopSequences }),
  };
  const topKField = topKFields[vendor];
  if (topK !== undefined && topKField === undefined) rendering.ignored("top_k", "the model takes no top_k here");
  const sampling = topK === undefined ? {} : (topKField?.(topK) ?? {});
  return { config, more: { ...sampling, ...renderEffort(vendor, config, rendering) } };
}

/** The rules of Anthropic's own API hold for its models here, too. */
function claudeInference(
  rendering: Rendering,
  tools: ToolConfig | undefined,
  messages: readonly Message[],
  length: Pick<InferenceConfig, "maxTokens">,
): Inference {
  const most = rendering.target.facts.maxOutputTokens || Number.POSITIVE_INFINITY;
  // A model without a limit in the request takes its own.
  const bound: OutputBound = {
    maxTokens: length.maxTokens ?? most,
    isFixed: Number.isFinite(length.maxTokens ?? most),
  };
  const { thinking, effort } = planThinking(rendering, bound, choiceOf(tools), messages.map(outlineOf));
  const { temperature, top_p: topP, top_k, stop_sequences: stopSequences } = renderSampling(rendering, thinking);
  return {
    config: {
      ...length,
      ...(temperature === undefined ? {} : { temperature }),
      ...(topP === undefined ? {} : { topP }),
      ...(stopSequences === undefined ? {} : { stopSequences }),
    },
    ...(effort === undefined ? {} : { effort }),
    more: {
      ...(thinking === undefined ? {} : { thinking: { ...thinking } }),
      ...(top_k === undefined ? {} : { top_k }),
    },
  };
}

function choiceOf(tools: ToolConfig | undefined): { type: "auto" | "any" } {
  return { type: tools?.toolChoice === undefined ? "auto" : "any" };
}

/** What the rules of thinking look at. */
function outlineOf({ role, content }: Message) {
  const kindOf = (block: object) =>
    "toolResult" in block ? "tool_result" : "reasoningContent" in block ? "thinking" : "text";
  return { role, content: content.map((block) => ({ type: kindOf(block) })) };
}
