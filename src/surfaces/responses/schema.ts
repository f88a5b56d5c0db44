import * as v from "valibot";
import { CompleteRequestSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { described, given, named, whole } from "../field.ts";
import { ownField } from "../own-fields.ts";

const textPart = v.looseObject({ type: v.picklist(["input_text", "output_text"]), text: v.string() });
const imagePart = v.looseObject({
  type: v.literal("input_image"),
  image_url: v.nullish(v.string()),
  file_id: v.nullish(v.string()),
  detail: v.nullish(v.string()),
});
const filePart = v.looseObject({
  type: v.literal("input_file"),
  file_data: v.nullish(v.string()),
  file_id: v.nullish(v.string()),
  file_url: v.nullish(v.string()),
  filename: v.nullish(v.string()),
});

const inputPart = v.variant("type", [textPart, imagePart, filePart]);
const inputContent = v.union([v.string(), v.array(inputPart)], inputWrong);

const saidPart = v.variant("type", [
  v.looseObject({
    type: v.picklist(["output_text", "input_text"]),
    text: v.string(),
    annotations: v.nullish(v.array(v.looseObject({}))),
  }),
  v.looseObject({ type: v.literal("refusal"), refusal: v.string() }),
]);

const messageItem = v.variant("role", [
  v.looseObject({
    type: v.nullish(v.literal("message")),
    role: v.picklist(["user", "system", "developer"]),
    content: inputContent,
  }),
  v.looseObject({
    type: v.nullish(v.literal("message")),
    role: v.literal("assistant"),
    content: v.union([v.string(), v.array(saidPart)], "must be text or a list of parts output_text and refusal"),
    id: v.nullish(v.string()),
    phase: v.nullish(v.string()),
  }),
]);

function inputWrong(): string {
  return "must be text or a list of parts of type input_text, input_image or input_file, each with its fields";
}

const callItem = v.looseObject({
  type: v.literal("function_call"),
  call_id: v.string(),
  name: v.string(),
  arguments: v.string(),
});
const callOutputItem = v.looseObject({
  type: v.literal("function_call_output"),
  call_id: v.string(),
  output: inputContent,
});
const reasoningItem = v.looseObject({
  type: v.literal("reasoning"),
  id: v.nullish(v.string()),
  summary: v.nullish(v.array(v.looseObject({ text: v.string() }))),
  content: v.nullish(v.array(v.looseObject({ text: v.string() }))),
  encrypted_content: v.nullish(v.string()),
});

const knownTypes = ["message", "function_call", "function_call_output", "reasoning"];

/** An item that only OpenAI's own models know, such as the use of a tool that runs there. */
const ownItem = v.looseObject({
  // A check after v.string() would be told instead of what is wrong with the item by its known type.
  type: v.custom<string>(
    (type) => typeof type === "string" && !knownTypes.includes(type),
    "must be the type of an item",
  ),
});

const knownItem = v.variant("type", [messageItem, callItem, callOutputItem, reasoningItem]);
const item = named(
  "ResponseInputItem",
  "A message, a call, its result, or reasoning as an answer had it.",
  v.union([knownItem, ownItem]),
);

const functionTool = v.looseObject({
  type: v.literal("function"),
  name: v.string(),
  description: v.nullish(v.string()),
  parameters: given(v.looseObject({}), "JSON Schema of the arguments."),
  strict: given(v.boolean(), "The arguments keep to the schema."),
});

const ownTool = described(
  v.looseObject({
    type: v.custom<string>(
      (type) => typeof type === "string" && type !== "function" && /^[A-Za-z0-9_.-]+$/.test(type),
      "must be the type of a tool",
    ),
    name: v.nullish(v.string()),
  }),
  "A tool that OpenAI defines.",
);

const toolChoice = v.union(
  [
    v.picklist(["none", "auto", "required"]),
    v.looseObject({
      type: v.literal("allowed_tools"),
      mode: v.picklist(["auto", "required"]),
      tools: v.array(v.looseObject({ type: v.string(), name: v.nullish(v.string()) })),
    }),
    v.looseObject({
      type: v.custom<string>((type) => typeof type === "string" && type !== "allowed_tools", "needs mode and tools"),
      name: v.nullish(v.string()),
    }),
  ],
  'must be "none", "auto", "required", {"type":"function","name":...}, {"type":"allowed_tools",...} or the type of a tool',
);

const textFormat = v.variant("type", [
  v.looseObject({ type: v.literal("text") }),
  v.looseObject({ type: v.literal("json_object") }),
  v.looseObject({
    type: v.literal("json_schema"),
    name: v.string(),
    description: v.nullish(v.string()),
    schema: v.nullish(v.looseObject({})),
    strict: v.nullish(v.boolean()),
  }),
]);

/** What the field "llmhub" may say: what this API has no field for. */
export const ownFields = ["routing", "cache", "reasoning", "lossless", "providerOptions", "view"];

const unstored = "Refused: answers are not stored. Send the whole conversation as items of input.";

const fields = {
  model: given(v.string(), "An alias or a model, such as openai/gpt-5. Absent: the gateway's default."),
  input: v.union(
    [v.string(), v.pipe(v.array(item), v.nonEmpty("must not be empty"))],
    "must be text or a list of items",
  ),
  instructions: given(v.string(), "What is said before the conversation."),
  stream: given(v.boolean(), "The answer comes as server-sent events."),
  stream_options: v.nullish(v.looseObject({})),
  max_output_tokens: given(whole, "Most tokens of the answer, reasoning included."),
  temperature: given(v.number(), "Randomness of the answer, 0 to 2."),
  top_p: given(v.number(), "Nucleus sampling."),
  top_logprobs: given(whole, "Alternatives for each token."),
  tools: given(
    v.array(v.union([functionTool, ownTool], "must be a function with a name, or a tool of a provider")),
    "What the model may call.",
  ),
  tool_choice: given(toolChoice, "Whether and which tool to call."),
  parallel_tool_calls: given(v.boolean(), "The model may call several tools at once."),
  text: given(
    v.looseObject({ format: v.nullish(textFormat), verbosity: v.nullish(v.string()) }),
    "The form of the answer. Absent: free text.",
  ),
  reasoning: v.nullish(
    v.looseObject({
      effort: given(v.string(), 'How much to think: "none", "minimal", "low", "medium", "high". Open set.'),
      summary: given(v.string(), "Absent: reasoning stays unseen."),
      generate_summary: given(v.string(), "The older name of summary."),
    }),
  ),
  include: given(v.array(v.string()), "More to be told. Encrypted reasoning is told anyway."),
  metadata: given(v.record(v.string(), v.string()), "Labels of the call, for the access log."),
  user: given(v.string(), "The older name of safety_identifier, which counts if both are there."),
  safety_identifier: given(v.string(), "Opaque id of the end user, for abuse control at providers."),
  service_tier: given(v.string(), 'Such as "flex" or "priority". Open set.'),
  truncation: v.nullish(v.picklist(["auto", "disabled"])),
  store: given(v.boolean(), "Changes nothing: answers are not stored."),
  background: given(v.boolean(), "Only false: answers are not stored."),
  previous_response_id: given(v.string(), unstored),
  conversation: given(v.union([v.string(), v.looseObject({})], "must be an id or an object with one"), unstored),
  llmhub: ownField(CompleteRequestSchema, ownFields),
};

/** A request of OpenAI's Responses. Fields that it does not name are left to the provider. */
export const responsesBody = named("ResponsesRequest", "A conversation to be completed.", v.looseObject(fields));

/** A request after validation. */
export type ResponsesBody = v.InferOutput<typeof responsesBody>;

/** One item of its input. */
export type InputItem = Exclude<ResponsesBody["input"], string>[number];

/** What the user says, and what tools return. */
export type InputContent = v.InferOutput<typeof inputContent>;

/** A message of any role. */
export type MessageItem = v.InferOutput<typeof messageItem>;

/** An item that every provider can be told. */
export type KnownItem =
  | v.InferOutput<typeof callItem>
  | v.InferOutput<typeof callOutputItem>
  | v.InferOutput<typeof reasoningItem>;

/** Names of the fields above. */
export const responsesFields: ReadonlySet<string> = new Set(Object.keys(fields));
