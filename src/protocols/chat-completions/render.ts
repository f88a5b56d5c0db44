import type { CompleteRequest } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { Rendered } from "../../model/protocol.ts";
import { refuseReserved } from "../reserved-options.ts";
import { LossReport } from "./loss-report.ts";
import { renderMessages } from "./messages.ts";
import { renderFormat, renderTools } from "./tools.ts";
import type { ChatBody } from "./wire.ts";

/** A body in the making: its fields are set in the order in which they are sent. */
type Draft = { -readonly [Field in keyof ChatBody]: ChatBody[Field] };

/**
 * The request in the chat completions dialect, with field names that every server of it knows. A provider that wants others
 * (`max_completion_tokens`, the role "developer") renames them in the body. Labels stay in the gateway. `losses` may hold
 * what was lost before, and `request` be another than the caller's.
 */
export function renderChat(
  attempt: Attempt,
  losses = new LossReport(attempt, true),
  request = attempt.call.request,
): Rendered<ChatBody> {
  const { call, target } = attempt;
  const asked: Draft = { model: target.model, messages: renderMessages(request, losses) };
  if (request.tools.length > 0 || request.toolChoice !== undefined) Object.assign(asked, renderTools(request, losses));
  addAnswer(asked, request, losses);
  addSampling(asked, request, losses);
  if (call.stream) asked.stream = true;
  const body = withOptions(asked, request, losses);
  if (call.stream) body.stream_options = { ...body.stream_options, include_usage: true };
  return { path: "/chat/completions", body, warnings: losses.warnings };
}

/** What the answer is to be like, and for whom. */
function addAnswer(body: Draft, request: CompleteRequest, losses: LossReport): void {
  const { maxOutputTokens, stopSequences, responseFormat, reasoning, topLogprobs, serviceTier, endUserId } = request;
  if (maxOutputTokens !== undefined) body.max_tokens = maxOutputTokens;
  if (stopSequences.length > 0) body.stop = stopSequences;
  const format = responseFormat === undefined ? undefined : renderFormat(responseFormat, losses);
  if (format !== undefined) body.response_format = format;
  if (reasoning?.budgetTokens !== undefined) {
    const message = "this dialect knows no budget for reasoning; set reasoning.effort or max_output_tokens instead";
    losses.warn("SETTING_IGNORED", "reasoning.budget_tokens", message);
  }
  if (reasoning !== undefined && reasoning.effort !== "") body.reasoning_effort = reasoning.effort;
  if (topLogprobs !== undefined) body.logprobs = true;
  if (topLogprobs !== undefined && topLogprobs !== 0) body.top_logprobs = topLogprobs;
  if (serviceTier !== "") body.service_tier = serviceTier;
  if (endUserId !== "") body.user = endUserId;
}

function addSampling(body: Draft, request: CompleteRequest, losses: LossReport): void {
  const { temperature, topP, topK, frequencyPenalty, presencePenalty, seed } = request;
  if (topK !== undefined) losses.warn("SETTING_IGNORED", "top_k", "this dialect has no top_k; top_p is the nearest");
  if (temperature !== undefined) body.temperature = temperature;
  if (topP !== undefined) body.top_p = topP;
  if (frequencyPenalty !== undefined) body.frequency_penalty = frequencyPenalty;
  if (presencePenalty !== undefined) body.presence_penalty = presencePenalty;
  if (seed !== undefined) body.seed = seed;
}

/** With what the target's own options say; it goes before what the request says. The body itself where they say nothing. */
function withOptions(body: Draft, request: CompleteRequest, losses: LossReport): Draft {
  const options = losses.options(request.providerOptions);
  refuseReserved(options, losses);
  for (const _field in options) return { ...body, ...options };
  return body;
}
