import * as v from "valibot";
import { CompleteRequestSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { cacheControl } from "../cache-mark.ts";
import { described, given, named, whole } from "../field.ts";
import { ownField } from "../own-fields.ts";

const textBlock = named(
  "TextBlock",
  "Text in a message.",
  v.looseObject({
    type: v.literal("text"),
    text: v.string(),
    citations: given(v.array(v.looseObject({})), "As an answer had them."),
    cache_control: cacheControl,
  }),
);

const source = v.variant("type", [
  v.looseObject({ type: v.literal("base64"), media_type: v.string(), data: v.string() }),
  v.looseObject({ type: v.literal("url"), url: v.string() }),
  v.looseObject({ type: v.literal("file"), file_id: v.string() }),
]);

const documentSource = v.variant("type", [
  ...source.options,
  v.looseObject({ type: v.literal("text"), data: v.string() }),
  v.looseObject({ type: v.literal("content"), content: v.union([v.string(), v.array(textBlock)]) }),
]);

const imageBlock = named(
  "ImageBlock",
  "A picture in a message.",
  v.looseObject({ type: v.literal("image"), source, cache_control: cacheControl }),
);

const documentBlock = named(
  "DocumentBlock",
  "A document in a message.",
  v.looseObject({
    type: v.literal("document"),
    source: documentSource,
    title: v.nullish(v.string()),
    context: given(v.string(), "What the model is told of the document."),
    citations: given(v.looseObject({ enabled: v.nullish(v.boolean()) }), "The answer says which passages it rests on."),
    cache_control: cacheControl,
  }),
);

const toolUseBlock = v.looseObject({
  type: v.literal("tool_use"),
  id: v.string(),
  name: v.string(),
  input: v.looseObject({}),
  cache_control: cacheControl,
});

/** A block that only Anthropic's own models know, such as the use of a tool that runs there. */
const ownBlock = v.looseObject({
  type: v.pipe(
    v.string(),
    v.check((type) => !knownTypes.has(type), "must be the type of a block"),
  ),
});

/** What the result of a tool may hold for models of every provider. */
const toldBlocks = [textBlock, imageBlock, documentBlock] as const;

const toolResultBlock = v.looseObject({
  type: v.literal("tool_result"),
  tool_use_id: v.string(),
  content: v.nullish(v.union([v.string(), v.array(v.union([v.variant("type", toldBlocks), ownBlock]))])),
  is_error: v.nullish(v.boolean()),
  cache_control: cacheControl,
});

const thinkingBlock = v.looseObject({
  type: v.literal("thinking"),
  thinking: v.string(),
  signature: v.nullish(v.string()),
});
const redactedBlock = v.looseObject({ type: v.literal("redacted_thinking"), data: v.string() });

const known = [
  textBlock,
  imageBlock,
  documentBlock,
  toolUseBlock,
  toolResultBlock,
  thinkingBlock,
  redactedBlock,
] as const;

/** Their types. */
export const knownTypes: ReadonlySet<string> = new Set([
  "text",
  "image",
  "document",
  "tool_use",
  "tool_result",
  "thinking",
  "redacted_thinking",
] satisfies KnownBlock["type"][]);

const block = v.union([v.variant("type", known), ownBlock]);

const message = named(
  "MessageParam",
  "One message of the conversation.",
  v.looseObject({
    role: v.picklist(["user", "assistant", "system"]),
    content: v.union([v.string(), v.array(block)]),
  }),
);

const customTool = v.looseObject({
  type: v.nullish(v.literal("custom")),
  name: v.string(),
  description: v.nullish(v.string()),
  input_schema: described(v.looseObject({}), "JSON Schema of the input."),
  strict: given(v.boolean(), "The input keeps to the schema."),
  cache_control: cacheControl,
});

/** Fields of a function that every provider can be told. */
export const customFields: ReadonlySet<string> = new Set(Object.keys(customTool.entries));

const ownTool = v.looseObject({
  type: v.pipe(v.string(), v.notValue("custom", "must be the type of a tool of the provider")),
  name: v.nullish(v.string()),
  cache_control: cacheControl,
});

const toolChoice = v.looseObject({
  type: v.picklist(["auto", "any", "tool", "none"]),
  name: v.nullish(v.string()),
  disable_parallel_tool_use: v.nullish(v.boolean()),
});

const thinking = v.variant("type", [
  v.looseObject({ type: v.literal("enabled"), budget_tokens: whole, display: v.nullish(v.string()) }),
  v.looseObject({ type: v.literal("adaptive"), display: v.nullish(v.string()) }),
  v.looseObject({ type: v.literal("disabled") }),
]);

const schemaFormat = v.looseObject({ type: v.literal("json_schema"), schema: v.looseObject({}) });

/** What the field "llmhub" may say: what this API has no field for. */
export const ownFields = ["routing", "cache", "reasoning", "lossless", "providerOptions", "labels", "view"];

const promptFields = {
  model: given(v.string(), "An alias or a model, such as anthropic/claude-sonnet-4-5. Absent: the gateway's default."),
  messages: v.pipe(v.array(message), v.nonEmpty("must not be empty")),
  system: given(v.union([v.string(), v.array(textBlock)]), "What is said before the conversation."),
  tools: given(v.array(v.union([customTool, ownTool])), "What the model may call."),
  tool_choice: given(toolChoice, "Whether and which tool to call."),
  thinking: given(thinking, "Whether and how much to think. Absent: as the model does."),
  output_config: given(
    v.looseObject({ effort: v.nullish(v.string()), format: v.nullish(schemaFormat) }),
    "How much effort to take, and the form of the answer.",
  ),
  llmhub: ownField(CompleteRequestSchema, ownFields),
};

const fields = {
  ...promptFields,
  max_tokens: described(whole, "Most tokens of the answer, thinking included."),
  stream: given(v.boolean(), "The answer comes as server-sent events."),
  temperature: given(v.number(), "Randomness of the answer, 0 to 1."),
  top_p: given(v.number(), "Nucleus sampling."),
  top_k: given(whole, "Sample from the k likeliest tokens."),
  stop_sequences: given(v.array(v.string()), "Output ends before the first of these."),
  metadata: v.nullish(
    v.looseObject({ user_id: given(v.string(), "Opaque id of the end user, for abuse control at providers.") }),
  ),
  service_tier: given(v.string(), 'Such as "auto" or "standard_only". Open set.'),
};

/** A request of Anthropic's messages. Fields that it does not name are left to the provider. */
export const messagesBody = named("MessagesRequest", "A conversation to be completed.", v.looseObject(fields));

/** A request to count the tokens of one. */
export const countBody = named(
  "CountTokensRequest",
  "What decides the number of input tokens.",
  v.looseObject(promptFields),
);

/** What decides the number of input tokens. */
export type PromptBody = v.InferOutput<typeof countBody>;

/** One block of a message that every provider can be told. */
export type KnownBlock = v.InferOutput<(typeof known)[number]>;

/** One block of the result of a tool that every provider can be told. */
export type ToldBlock = v.InferOutput<(typeof toldBlocks)[number]>;

/** Names of the fields above. */
export const messagesFields: ReadonlySet<string> = new Set(Object.keys(fields));
