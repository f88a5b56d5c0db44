import * as v from "valibot";

/** A field that may be left out, or be null, which says the same. */
function given<Schema extends v.GenericSchema>(schema: Schema) {
  return v.nullish(schema);
}

const whole = v.pipe(v.number(), v.integer("must be a whole number"));

/** Mark of the end of a prefix that the provider is to cache, as clients for Anthropic's models send it through this API. */
const cacheControl = v.looseObject({
  type: v.literal("ephemeral"),
  ttl: given(v.picklist(["5m", "1h"])),
});

const textPart = v.looseObject({ type: v.literal("text"), text: v.string(), cache_control: given(cacheControl) });
const refusalPart = v.looseObject({ type: v.literal("refusal"), refusal: v.string() });

const userPart = v.variant("type", [
  textPart,
  v.looseObject({
    type: v.literal("image_url"),
    image_url: v.looseObject({ url: v.string(), detail: given(v.string()) }),
    cache_control: given(cacheControl),
  }),
  v.looseObject({
    type: v.literal("input_audio"),
    input_audio: v.looseObject({ data: v.string(), format: v.picklist(["wav", "mp3"]) }),
  }),
  v.looseObject({
    type: v.literal("file"),
    file: v.looseObject({
      file_data: given(v.string()),
      file_id: given(v.string()),
      filename: given(v.string()),
    }),
    cache_control: given(cacheControl),
  }),
]);

const toolCall = v.looseObject({
  id: v.string(),
  type: v.literal("function"),
  function: v.looseObject({ name: v.string(), arguments: v.string() }),
});

const textContent = v.union([v.string(), v.array(textPart)], "must be text or a list of text parts");

const message = v.variant("role", [
  v.looseObject({ role: v.picklist(["system", "developer"]), content: textContent, name: given(v.string()) }),
  v.looseObject({
    role: v.literal("user"),
    content: v.union([v.string(), v.array(userPart)], userContentWrong),
    name: given(v.string()),
  }),
  v.looseObject({
    role: v.literal("assistant"),
    content: given(
      v.union(
        [v.string(), v.array(v.variant("type", [textPart, refusalPart]))],
        "must be text or a list of text parts",
      ),
    ),
    refusal: given(v.string()),
    tool_calls: given(v.array(toolCall)),
    reasoning_content: given(v.string()),
    name: given(v.string()),
  }),
  v.looseObject({ role: v.literal("tool"), content: textContent, tool_call_id: v.string() }),
]);

function userContentWrong(): string {
  return "must be text or a list of parts of type text, image_url, input_audio or file, each with its fields";
}

const functionTool = v.looseObject({
  type: v.literal("function"),
  function: v.looseObject({
    name: v.string(),
    description: given(v.string()),
    parameters: given(v.looseObject({})),
    strict: given(v.boolean()),
  }),
});

/** A tool that a provider defines. */
const ownTool = v.looseObject({ type: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_.-]+$/, "must be the type of a tool")) });

const responseFormat = v.variant("type", [
  v.looseObject({ type: v.literal("text") }),
  v.looseObject({ type: v.literal("json_object") }),
  v.looseObject({
    type: v.literal("json_schema"),
    json_schema: v.looseObject({
      name: v.string(),
      description: given(v.string()),
      schema: given(v.looseObject({})),
      strict: given(v.boolean()),
    }),
  }),
]);

const toolChoice = v.union(
  [
    v.picklist(["none", "auto", "required"]),
    v.looseObject({ type: v.literal("function"), function: v.looseObject({ name: v.string() }) }),
  ],
  'must be "none", "auto", "required" or {"type":"function","function":{"name":...}}',
);

const fields = {
  model: given(v.string()),
  messages: v.pipe(v.array(message), v.nonEmpty("must not be empty")),
  stream: given(v.boolean()),
  stream_options: given(v.looseObject({ include_usage: given(v.boolean()) })),
  max_tokens: given(whole),
  max_completion_tokens: given(whole),
  temperature: given(v.number()),
  top_p: given(v.number()),
  top_k: given(whole),
  n: given(v.pipe(whole, v.minValue(1, "must be at least 1"), v.maxValue(16, "must be at most 16"))),
  stop: given(v.union([v.string(), v.array(v.string())], "must be text or a list of texts")),
  frequency_penalty: given(v.number()),
  presence_penalty: given(v.number()),
  seed: given(whole),
  logprobs: given(v.boolean()),
  top_logprobs: given(whole),
  response_format: given(responseFormat),
  tools: given(v.array(v.union([functionTool, ownTool], "must be a function with a name, or a tool of a provider"))),
  tool_choice: given(toolChoice),
  parallel_tool_calls: given(v.boolean()),
  reasoning_effort: given(v.string()),
  service_tier: given(v.string()),
  user: given(v.string()),
  metadata: given(v.record(v.string(), v.string())),
  llmhub: given(v.looseObject({})),
};

/** A request of OpenAI's chat completions. Fields that it does not name are left to the provider. */
export const chatBody = v.looseObject(fields);

/** A request after validation. */
export type ChatBody = v.InferOutput<typeof chatBody>;

/** One message of it. */
export type ChatMessage = ChatBody["messages"][number];

/** Names of the fields above. */
export const chatFields: ReadonlySet<string> = new Set(Object.keys(fields));
