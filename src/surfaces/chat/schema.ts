import * as v from "valibot";
import { CompleteRequestSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { cacheControl } from "../cache-mark.ts";
import { described, given, named, whole } from "../field.ts";
import { ownField } from "../own-fields.ts";

const textPart = named(
  "ChatTextPart",
  "Text in a message.",
  v.looseObject({ type: v.literal("text"), text: v.string(), cache_control: cacheControl }),
);
const refusalPart = v.looseObject({ type: v.literal("refusal"), refusal: v.string() });

const userPart = v.variant("type", [
  textPart,
  v.looseObject({
    type: v.literal("image_url"),
    image_url: v.looseObject({
      url: described(v.string(), "An https address or a data: URI."),
      detail: v.nullish(v.string()),
    }),
    cache_control: cacheControl,
  }),
  v.looseObject({
    type: v.literal("input_audio"),
    input_audio: v.looseObject({
      data: described(v.string(), "Base64."),
      format: v.picklist(["wav", "mp3"]),
    }),
  }),
  v.looseObject({
    type: v.literal("file"),
    file: v.looseObject({
      file_data: given(v.string(), "A data: URI."),
      file_id: given(v.string(), "Id of a file that lives at the provider."),
      filename: v.nullish(v.string()),
    }),
    cache_control: cacheControl,
  }),
]);

const toolCall = v.looseObject({
  id: v.string(),
  type: v.literal("function"),
  function: v.looseObject({ name: v.string(), arguments: described(v.string(), "JSON text.") }),
  extra_content: described(v.optional(v.unknown()), "As the answer with the call had it."),
});

const textContent = v.union([v.string(), v.array(textPart)], "must be text or a list of text parts");

const message = named(
  "ChatMessage",
  "One message of the conversation.",
  v.variant("role", [
    v.looseObject({ role: v.picklist(["system", "developer"]), content: textContent, name: v.nullish(v.string()) }),
    v.looseObject({
      role: v.literal("user"),
      content: v.union([v.string(), v.array(userPart)], userContentWrong),
      name: v.nullish(v.string()),
    }),
    v.looseObject({
      role: v.literal("assistant"),
      content: v.nullish(
        v.union(
          [v.string(), v.array(v.variant("type", [textPart, refusalPart]))],
          "must be text or a list of text parts",
        ),
      ),
      refusal: v.nullish(v.string()),
      audio: given(v.looseObject({ id: v.string() }), "Sound of an earlier answer, by its id."),
      tool_calls: v.nullish(v.array(toolCall)),
      reasoning_content: given(v.string(), "Reasoning without a signature. What has one is in reasoning_details."),
      reasoning_details: described(v.optional(v.unknown()), "As an answer had them."),
      name: v.nullish(v.string()),
    }),
    v.looseObject({
      role: v.literal("tool"),
      content: textContent,
      tool_call_id: described(v.string(), "The call whose result this is."),
    }),
  ]),
);

function userContentWrong(): string {
  return "must be text or a list of parts of type text, image_url, input_audio or file, each with its fields";
}

const functionTool = v.looseObject({
  type: v.literal("function"),
  function: v.looseObject({
    name: v.string(),
    description: v.nullish(v.string()),
    parameters: given(v.looseObject({}), "JSON Schema of the arguments."),
    strict: given(v.boolean(), "The arguments keep to the schema."),
  }),
});

const ownTool = described(
  v.looseObject({ type: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_.-]+$/, "must be the type of a tool")) }),
  "A tool that a provider defines.",
);

const responseFormat = v.variant("type", [
  v.looseObject({ type: v.literal("text") }),
  v.looseObject({ type: v.literal("json_object") }),
  v.looseObject({
    type: v.literal("json_schema"),
    json_schema: v.looseObject({
      name: v.string(),
      description: v.nullish(v.string()),
      schema: v.nullish(v.looseObject({})),
      strict: v.nullish(v.boolean()),
    }),
  }),
]);

const toolChoice = v.union(
  [
    v.picklist(["none", "auto", "required"]),
    v.looseObject({ type: v.literal("function"), function: v.looseObject({ name: v.string() }) }),
    v.looseObject({
      type: v.literal("allowed_tools"),
      allowed_tools: v.looseObject({
        mode: v.picklist(["auto", "required"]),
        tools: v.array(
          v.looseObject({ type: v.string(), function: v.nullish(v.looseObject({ name: v.nullish(v.string()) })) }),
        ),
      }),
    }),
  ],
  'must be "none", "auto", "required", {"type":"function","function":{"name":...}} or {"type":"allowed_tools",...}',
);

/** What the field "llmhub" may say: what this API has no field for. */
export const ownFields = ["routing", "cache", "reasoning", "lossless", "providerOptions", "view"];

const fields = {
  model: given(v.string(), "An alias or a model, such as openai/gpt-5. Absent: the gateway's default."),
  messages: v.pipe(v.array(message), v.nonEmpty("must not be empty")),
  stream: given(v.boolean(), "The answer comes as server-sent events."),
  stream_options: v.nullish(
    v.looseObject({ include_usage: given(v.boolean(), "The last event but [DONE] tells the usage.") }),
  ),
  max_tokens: given(whole, "The older name of max_completion_tokens, which counts if both are there."),
  max_completion_tokens: given(whole, "Most tokens of the answer, reasoning included."),
  temperature: given(v.number(), "Randomness of the answer, 0 to 2."),
  top_p: given(v.number(), "Nucleus sampling."),
  top_k: given(whole, "Sample from the k likeliest tokens. Not in OpenAI's API."),
  n: given(
    v.pipe(whole, v.minValue(1, "must be at least 1"), v.maxValue(16, "must be at most 16")),
    "How many answers; each is a completion of its own.",
  ),
  stop: given(v.union([v.string(), v.array(v.string())], "must be text or a list of texts"), "Output ends before it."),
  frequency_penalty: v.nullish(v.number()),
  presence_penalty: v.nullish(v.number()),
  seed: given(whole, "For repeatable sampling, best effort."),
  logprobs: given(v.boolean(), "The answer tells how likely its tokens were."),
  top_logprobs: given(whole, "Alternatives for each token; needs logprobs."),
  response_format: given(responseFormat, "The form of the answer. Absent: free text."),
  tools: given(
    v.array(v.union([functionTool, ownTool], "must be a function with a name, or a tool of a provider")),
    "What the model may call.",
  ),
  tool_choice: given(toolChoice, "Whether and which tool to call."),
  parallel_tool_calls: given(v.boolean(), "The model may call several tools at once."),
  reasoning_effort: given(v.string(), 'How much to think: "none", "minimal", "low", "medium", "high". Open set.'),
  service_tier: given(v.string(), 'Such as "flex" or "priority". Open set.'),
  user: given(v.string(), "Opaque id of the end user, for abuse control at providers."),
  metadata: given(v.record(v.string(), v.string()), "Labels of the call, for the access log."),
  llmhub: ownField(CompleteRequestSchema, ownFields),
};

/** A request of OpenAI's chat completions. Fields that it does not name are left to the provider. */
export const chatBody = named("ChatCompletionRequest", "A conversation to be completed.", v.looseObject(fields));

/** A request after validation. */
export type ChatBody = v.InferOutput<typeof chatBody>;

/** One message of it. */
export type ChatMessage = ChatBody["messages"][number];

/** Names of the fields above. */
export const chatFields: ReadonlySet<string> = new Set(Object.keys(fields));
