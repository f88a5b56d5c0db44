import { type CompleteResponse, FinishReason } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Usage } from "../../../gen/llmhub/v1/usage_pb.ts";
import { type IncompleteReason, incompleteReasonOf } from "../../protocols/responses/incomplete-reason.ts";
import { isGiven } from "../body.ts";
import { createdOf } from "../chat/answer.ts";
import { outputOf } from "./output.ts";
import type { ResponsesBody } from "./schema.ts";

/** What an answer says of itself and of what was asked, whatever becomes of it. */
export type Envelope = Readonly<Record<string, unknown>>;

/** The whole answer. */
export function responseOf(response: CompleteResponse, body: ResponsesBody): object {
  const { finishReason, usage } = response;
  const hasRefusal = (response.message?.content ?? []).some(({ part }) => part.case === "refusal");
  const incomplete = whyIncomplete(finishReason, hasRefusal);
  const output = outputOf(response, incomplete !== undefined);
  return { ...envelopeOf(response, body), ...endingOf(incomplete, usage), output };
}

/** The fields that all states of an answer share: those of OpenAI's that clients know, with what was asked in them. */
export function envelopeOf(
  facts: Pick<CompleteResponse, "id"> & Partial<Pick<CompleteResponse, "createTime" | "routing">>,
  body: ResponsesBody,
): Envelope {
  const { instructions, max_output_tokens, metadata, parallel_tool_calls, reasoning, service_tier } = body;
  const { temperature, text, tool_choice, tools, top_logprobs, top_p, truncation, user, safety_identifier } = body;
  return {
    id: facts.id,
    object: "response",
    created_at: createdOf(facts),
    status: "in_progress",
    background: false,
    error: null,
    incomplete_details: null,
    instructions: instructions ?? null,
    max_output_tokens: max_output_tokens ?? null,
    metadata: metadata ?? {},
    model: facts.routing?.model ?? "",
    output: [],
    parallel_tool_calls: parallel_tool_calls ?? true,
    previous_response_id: null,
    reasoning: { effort: reasoning?.effort ?? null, summary: reasoning?.summary ?? null },
    store: false,
    temperature: temperature ?? null,
    text: { ...text, format: text?.format ?? { type: "text" } },
    tool_choice: tool_choice ?? "auto",
    tools: (tools ?? []).map(toolOf),
    top_logprobs: top_logprobs ?? 0,
    top_p: top_p ?? null,
    truncation: truncation ?? "disabled",
    ...(isGiven(service_tier) ? { service_tier } : {}),
    ...(isGiven(user) ? { user } : {}),
    ...(isGiven(safety_identifier) ? { safety_identifier } : {}),
  };
}

/** How an answer ended, and what it took. */
export function endingOf(incomplete: IncompleteReason | undefined, usage: Usage | undefined): object {
  const tier = usage?.serviceTier ?? "";
  return {
    status: incomplete === undefined ? "completed" : "incomplete",
    incomplete_details: incomplete === undefined ? null : { reason: incomplete },
    usage: usageOf(usage),
    ...(tier === "" ? {} : { service_tier: tier }),
  };
}

/** Why an answer is incomplete, if it is. A refusal in words is complete: they stand in the part for it. */
export function whyIncomplete(reason: FinishReason, hasRefusal: boolean): IncompleteReason | undefined {
  return reason === FinishReason.REFUSAL && hasRefusal ? undefined : incompleteReasonOf(reason);
}

function usageOf(usage: Usage | undefined): object {
  const { inputTokens = 0, outputTokens = 0, cacheReadTokens, cacheWriteTokens, reasoningTokens } = usage ?? {};
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: cacheReadTokens ?? 0, cache_write_tokens: cacheWriteTokens ?? 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens ?? 0 },
    total_tokens: inputTokens + outputTokens,
  };
}

/** A tool as it was given; OpenAI's answers say of functions what a request may leave out. */
function toolOf(tool: NonNullable<ResponsesBody["tools"]>[number]): object {
  if (tool.type !== "function") return tool;
  return { ...tool, parameters: tool["parameters"] ?? null, strict: tool["strict"] ?? false };
}
