import * as v from "valibot";

const whole = v.pipe(v.number(), v.integer("must be a whole number"));

const cacheControl = v.nullish(
  v.looseObject({ type: v.literal("ephemeral"), ttl: v.nullish(v.picklist(["5m", "1h"])) }),
);

const textBlock = v.looseObject({ type: v.literal("text"), text: v.string(), cache_control: cacheControl });

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

const imageBlock = v.looseObject({ type: v.literal("image"), source, cache_control: cacheControl });

const documentBlock = v.looseObject({
  type: v.literal("document"),
  source: documentSource,
  title: v.nullish(v.string()),
  context: v.nullish(v.string()),
  citations: v.nullish(v.looseObject({ enabled: v.nullish(v.boolean()) })),
  cache_control: cacheControl,
});

const toolUseBlock = v.looseObject({
  type: v.literal("tool_use"),
  id: v.string(),
  name: v.string(),
  input: v.looseObject({}),
  cache_control: cacheControl,
});

const toolResultBlock = v.looseObject({
  type: v.literal("tool_result"),
  tool_use_id: v.string(),
  content: v.nullish(v.union([v.string(), v.array(v.variant("type", [textBlock, imageBlock, documentBlock]))])),
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
const knownTypes = ["text", "image", "document", "tool_use", "tool_result", "thinking", "redacted_thinking"];

/** A block that only Anthropic's own models know, such as the use of a tool that runs there. */
const ownBlock = v.looseObject({
  type: v.pipe(
    v.string(),
    v.check((type) => !knownTypes.includes(type), "must be the type of a block"),
  ),
});

const block = v.union([v.variant("type", known), ownBlock]);

const message = v.looseObject({
  role: v.picklist(["user", "assistant", "system"]),
  content: v.union([v.string(), v.array(block)]),
});

const customTool = v.looseObject({
  type: v.nullish(v.literal("custom")),
  name: v.string(),
  description: v.nullish(v.string()),
  input_schema: v.looseObject({}),
  strict: v.nullish(v.boolean()),
  cache_control: cacheControl,
});

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

const promptFields = {
  model: v.nullish(v.string()),
  messages: v.pipe(v.array(message), v.nonEmpty("must not be empty")),
  system: v.nullish(v.union([v.string(), v.array(textBlock)])),
  tools: v.nullish(v.array(v.union([customTool, ownTool]))),
  tool_choice: v.nullish(toolChoice),
  thinking: v.nullish(thinking),
  output_config: v.nullish(v.looseObject({ effort: v.nullish(v.string()), format: v.nullish(schemaFormat) })),
  llmhub: v.nullish(v.looseObject({})),
};

const fields = {
  ...promptFields,
  max_tokens: whole,
  stream: v.nullish(v.boolean()),
  temperature: v.nullish(v.number()),
  top_p: v.nullish(v.number()),
  top_k: v.nullish(whole),
  stop_sequences: v.nullish(v.array(v.string())),
  metadata: v.nullish(v.looseObject({ user_id: v.nullish(v.string()) })),
  service_tier: v.nullish(v.string()),
};

/** A request of Anthropic's messages. Fields that it does not name are left to the provider. */
export const messagesBody = v.looseObject(fields);

/** A request to count the tokens of one. */
export const countBody = v.looseObject(promptFields);

/** What decides the number of input tokens. */
export type PromptBody = v.InferOutput<typeof countBody>;

/** One block of a message that every provider can be told. */
export type KnownBlock = v.InferOutput<(typeof known)[number]>;

/** Names of the fields above. */
export const messagesFields: ReadonlySet<string> = new Set(Object.keys(fields));
