import * as v from "valibot";
import { described, named, whole } from "../field.ts";

const document = {
  cited_text: v.string(),
  document_index: described(whole, "Position among the documents of the request."),
  document_title: v.nullable(v.string()),
  file_id: v.null(),
};

const citation = v.variant("type", [
  v.object({
    type: v.literal("web_search_result_location"),
    url: v.string(),
    title: v.string(),
    cited_text: v.string(),
    encrypted_index: v.string(),
  }),
  v.object({ type: v.literal("char_location"), ...document, start_char_index: whole, end_char_index: whole }),
  v.object({ type: v.literal("page_location"), ...document, start_page_number: whole, end_page_number: whole }),
]);

const known = v.variant("type", [
  v.object({ type: v.literal("text"), text: v.string(), citations: v.optional(v.array(citation)) }),
  v.object({ type: v.literal("tool_use"), id: v.string(), name: v.string(), input: v.looseObject({}) }),
  v.object({
    type: v.literal("thinking"),
    thinking: v.string(),
    signature: described(v.string(), "Send it back with the block. Also brings back what belongs to a tool call."),
  }),
  v.object({ type: v.literal("redacted_thinking"), data: v.string() }),
]);

const own = described(
  v.looseObject({ type: v.pipe(v.string(), v.notValues(["text", "tool_use", "thinking", "redacted_thinking"])) }),
  "A block that only the provider knows, such as the use of a tool that runs there.",
);

const block = named("ContentBlock", "A block of the answer.", v.union([known, own]));

const stopReason = v.picklist([
  "end_turn",
  "stop_sequence",
  "max_tokens",
  "model_context_window_exceeded",
  "tool_use",
  "refusal",
  "pause_turn",
]);

const usage = named(
  "MessageUsage",
  "Tokens; those of the prompt cache stand beside the input, not in it.",
  v.object({
    input_tokens: whole,
    cache_creation_input_tokens: whole,
    cache_read_input_tokens: whole,
    output_tokens: whole,
    service_tier: v.optional(v.string()),
  }),
);

/** A whole answer of Anthropic's messages. */
export const messageAnswer = named(
  "Message",
  "The whole answer. At the start of a stream it has no content yet.",
  v.object({
    id: v.string(),
    type: v.literal("message"),
    role: v.literal("assistant"),
    model: described(v.string(), "The model that answered."),
    content: v.array(block),
    stop_reason: v.nullable(stopReason),
    stop_sequence: v.nullable(v.string()),
    usage,
  }),
);

/** How many tokens a request has. */
export const countAnswer = named("TokenCount", "Tokens of the input.", v.object({ input_tokens: whole }));

/** An error, also the data of the last event of a stream that breaks. */
export const messagesError = named(
  "AnthropicError",
  "An error in the form of Anthropic's API.",
  v.object({
    type: v.literal("error"),
    error: v.object({
      type: v.string(),
      message: v.string(),
      reason: described(v.string(), "The reason in the gateway's own words: the table of errors has them all."),
    }),
    request_id: v.string(),
  }),
);

const delta = v.variant("type", [
  v.object({ type: v.literal("text_delta"), text: v.string() }),
  v.object({ type: v.literal("thinking_delta"), thinking: v.string() }),
  v.object({ type: v.literal("signature_delta"), signature: v.string() }),
  v.object({ type: v.literal("input_json_delta"), partial_json: v.string() }),
  v.object({ type: v.literal("citations_delta"), citation }),
]);

/** The data of an event of a stream of messages. */
export const messageEvent = named(
  "MessageEvent",
  "An event; the field type is the name of the event, too.",
  v.variant("type", [
    v.object({ type: v.literal("message_start"), message: messageAnswer }),
    v.object({ type: v.literal("content_block_start"), index: whole, content_block: block }),
    v.object({ type: v.literal("content_block_delta"), index: whole, delta }),
    v.object({ type: v.literal("content_block_stop"), index: whole }),
    v.object({
      type: v.literal("message_delta"),
      delta: v.object({ stop_reason: stopReason, stop_sequence: v.nullable(v.string()) }),
      usage,
    }),
    v.object({ type: v.literal("message_stop") }),
    v.object({ type: v.literal("ping") }),
    messagesError,
  ]),
);
