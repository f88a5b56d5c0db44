import * as v from "valibot";
import { logprob, openaiErrorFields } from "../chat/answer-schema.ts";
import { described, named, whole } from "../field.ts";

const status = v.picklist(["in_progress", "completed", "incomplete"]);

const annotation = v.variant("type", [
  v.object({
    type: v.literal("url_citation"),
    start_index: whole,
    end_index: whole,
    title: v.string(),
    url: v.string(),
  }),
  v.object({ type: v.literal("file_citation"), file_id: v.string(), filename: v.string(), index: whole }),
]);

const content = named(
  "ResponseContent",
  "A part of a message.",
  v.variant("type", [
    v.object({
      type: v.literal("output_text"),
      text: v.string(),
      annotations: v.array(annotation),
      logprobs: v.array(logprob),
    }),
    v.object({ type: v.literal("refusal"), refusal: v.string() }),
  ]),
);

const summaryPart = v.object({ type: v.literal("summary_text"), text: v.string() });

const known = v.variant("type", [
  v.object({
    id: v.string(),
    type: v.literal("message"),
    status,
    role: v.literal("assistant"),
    content: v.array(content),
    phase: v.optional(described(v.string(), "Send it back with the message.")),
  }),
  v.object({
    id: v.string(),
    type: v.literal("function_call"),
    status,
    call_id: v.string(),
    name: v.string(),
    arguments: described(v.string(), "JSON text, as the model wrote it."),
    namespace: v.optional(v.string()),
    caller: v.optional(v.unknown()),
  }),
  v.object({
    id: v.string(),
    type: v.literal("reasoning"),
    summary: v.array(summaryPart),
    encrypted_content: v.optional(
      described(v.string(), "What the provider wants back in the next turn: send the item with the others."),
    ),
  }),
]);

const own = described(
  v.looseObject({
    id: v.string(),
    type: v.pipe(v.string(), v.notValues(["message", "function_call", "reasoning"])),
  }),
  "A picture, or an item that only the provider knows, such as the use of a tool that runs there.",
);

const item = named("ResponseItem", "An item of the answer.", v.union([known, own]));

const usage = named(
  "ResponseUsage",
  "Tokens; those of the prompt cache and of reasoning are among them.",
  v.object({
    input_tokens: whole,
    input_tokens_details: v.object({ cached_tokens: whole, cache_write_tokens: whole }),
    output_tokens: whole,
    output_tokens_details: v.object({ reasoning_tokens: whole }),
    total_tokens: whole,
  }),
);

/** What the request asked, which the answer repeats. */
const asked = {
  background: v.literal(false),
  instructions: v.nullable(v.string()),
  max_output_tokens: v.nullable(whole),
  metadata: v.record(v.string(), v.string()),
  parallel_tool_calls: v.boolean(),
  previous_response_id: v.null(),
  reasoning: v.object({ effort: v.nullable(v.string()), summary: v.nullable(v.string()) }),
  store: described(v.literal(false), "Answers are not stored."),
  temperature: v.nullable(v.number()),
  text: v.looseObject({ format: v.looseObject({ type: v.string() }) }),
  tool_choice: v.union([v.string(), v.looseObject({ type: v.string() })]),
  tools: v.array(v.looseObject({ type: v.string() })),
  top_logprobs: whole,
  top_p: v.nullable(v.number()),
  truncation: v.picklist(["auto", "disabled"]),
  user: v.optional(v.string()),
  safety_identifier: v.optional(v.string()),
};

/** A whole answer of OpenAI's Responses. */
export const responseAnswer = named(
  "Response",
  "The answer, whole or as far as it has come, with what was asked.",
  v.object({
    id: v.string(),
    object: v.literal("response"),
    created_at: described(whole, "Seconds since 1970."),
    status: v.picklist(["in_progress", "completed", "incomplete", "failed"]),
    error: v.nullable(v.object({ code: v.string(), message: v.string() })),
    incomplete_details: v.nullable(v.object({ reason: v.picklist(["max_output_tokens", "content_filter"]) })),
    model: described(v.string(), "The model that answered."),
    output: v.array(item),
    usage: v.optional(usage),
    service_tier: v.optional(v.string()),
    ...asked,
  }),
);

function event<const Type extends string, Fields extends v.ObjectEntries>(type: Type, fields: Fields) {
  return v.object({ type: v.literal(type), sequence_number: whole, ...fields });
}

const ofResponse = { response: responseAnswer };
const ofItem = { output_index: whole, item };
const place = { item_id: v.string(), output_index: whole };
const ofContent = { ...place, content_index: whole };
const ofSummary = { ...place, summary_index: whole };

/** The data of an event of a stream of Responses. */
export const responseEvent = named(
  "ResponseEvent",
  "An event; the field type is the name of the event, too.",
  v.variant("type", [
    event("response.created", ofResponse),
    event("response.in_progress", ofResponse),
    event("response.completed", ofResponse),
    event("response.incomplete", ofResponse),
    event("response.failed", ofResponse),
    event("response.output_item.added", ofItem),
    event("response.output_item.done", ofItem),
    event("response.content_part.added", { ...ofContent, part: content }),
    event("response.content_part.done", { ...ofContent, part: content }),
    event("response.output_text.delta", { ...ofContent, delta: v.string(), logprobs: v.array(logprob) }),
    event("response.output_text.annotation.added", { ...ofContent, annotation_index: whole, annotation }),
    event("response.output_text.done", { ...ofContent, text: v.string(), logprobs: v.array(logprob) }),
    event("response.refusal.delta", { ...ofContent, delta: v.string() }),
    event("response.refusal.done", { ...ofContent, refusal: v.string() }),
    event("response.function_call_arguments.delta", { ...place, delta: v.string() }),
    event("response.function_call_arguments.done", { ...place, name: v.string(), arguments: v.string() }),
    event("response.reasoning_summary_part.added", { ...ofSummary, part: summaryPart }),
    event("response.reasoning_summary_part.done", { ...ofSummary, part: summaryPart }),
    event("response.reasoning_summary_text.delta", { ...ofSummary, delta: v.string() }),
    event("response.reasoning_summary_text.done", { ...ofSummary, text: v.string() }),
    event("error", openaiErrorFields),
  ]),
);
