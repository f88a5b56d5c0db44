import type { JsonObject } from "@bufbuild/protobuf";
import type { CompleteRequest } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { Rendered } from "../../model/protocol.ts";
import { refuseReserved } from "../reserved-options.ts";
import { LossReport } from "./loss-report.ts";
import { renderMessages } from "./messages.ts";
import { renderFormat, renderTools } from "./tools.ts";
import type { ChatBody } from "./wire.ts";

/**
 * The request in the chat completions dialect, with field names that every server of it knows. A provider that wants others
 * (`max_completion_tokens`, the role "developer") renames them in the body. Labels stay in the gateway. `losses` may hold
 * what was lost before.
 */
export function renderChat(attempt: Attempt, losses = new LossReport(attempt, true)): Rendered<ChatBody> {
  const { call, target } = attempt;
  const { request } = call;
  const body: ChatBody = {
    model: target.model,
    messages: renderMessages(request, losses),
    ...renderTools(request, losses),
    ...renderAnswer(request, losses),
    ...renderSampling(request, losses),
    ...(call.stream ? { stream: true } : {}),
    ...renderOptions(request, losses),
  };
  if (!call.stream) return { path: "/chat/completions", body, warnings: losses.warnings };
  const stream_options = { ...body.stream_options, include_usage: true } as const;
  return { path: "/chat/completions", body: { ...body, stream_options }, warnings: losses.warnings };
}

type Answer = Pick<
  ChatBody,
  "max_tokens" | "stop" | "response_format" | "reasoning_effort" | "logprobs" | "top_logprobs" | "service_tier" | "user"
>;

/** What the answer is to be like, and for whom. */
function renderAnswer(request: CompleteRequest, losses: LossReport): Answer {
  const { maxOutputTokens, stopSequences, responseFormat, reasoning, topLogprobs, serviceTier, endUserId } = request;
  const format = responseFormat === undefined ? undefined : renderFormat(responseFormat, losses);
  const effort = reasoning?.effort ?? "";
  if (reasoning?.budgetTokens !== undefined) {
    const message = "this dialect knows no budget for reasoning; set reasoning.effort or max_output_tokens instead";
    losses.warn("SETTING_IGNORED", "reasoning.budget_tokens", message);
  }
  return {
    ...(maxOutputTokens === undefined ? {} : { max_tokens: maxOutputTokens }),
    ...(stopSequences.length === 0 ? {} : { stop: stopSequences }),
    ...(format === undefined ? {} : { response_format: format }),
    ...(effort === "" ? {} : { reasoning_effort: effort }),
    ...(topLogprobs === undefined ? {} : { logprobs: true }),
    ...(topLogprobs === undefined || topLogprobs === 0 ? {} : { top_logprobs: topLogprobs }),
    ...(serviceTier === "" ? {} : { service_tier: serviceTier }),
    ...(endUserId === "" ? {} : { user: endUserId }),
  };
}

type Sampling = Pick<ChatBody, "temperature" | "top_p" | "frequency_penalty" | "presence_penalty" | "seed">;

function renderSampling(request: CompleteRequest, losses: LossReport): Sampling {
  const { temperature, topP, topK, frequencyPenalty, presencePenalty, seed } = request;
  if (topK !== undefined) losses.warn("SETTING_IGNORED", "top_k", "this dialect has no top_k; top_p is the nearest");
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(frequencyPenalty === undefined ? {} : { frequency_penalty: frequencyPenalty }),
    ...(presencePenalty === undefined ? {} : { presence_penalty: presencePenalty }),
    ...(seed === undefined ? {} : { seed }),
  };
}

function renderOptions(request: CompleteRequest, losses: LossReport): JsonObject {
  const options = losses.options(request.providerOptions);
  refuseReserved(options, losses);
  return options;
}
