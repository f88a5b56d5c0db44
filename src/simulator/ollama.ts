import type { Ending } from "./answer.ts";
import type { Ask, Format, ToolResult } from "./ask.ts";
import { BadRequest, type Dialect, type EmbedAsk, type Exchange, type Frame } from "./dialect.ts";
import { fraction, identifier, seedOf } from "./identifier.ts";
import { isObject, type JsonObject, list, number, object, string } from "./json.ts";
import { ollamaFault } from "./ollama-fault.ts";
import { countTokens } from "./tokens.ts";

const modelBytes = 4_920_753_328;
const modelsModified = "2025-01-01T00:00:00Z";
const tokenNs = 12_000_000;
const loadNs = 1_600_000;
const alternativesMax = 20;
/** What follows the name of a model without being a scenario word: "latest", "8b-instruct-q4_K_M", "120b-cloud". */
const tag = /:(?:latest|cloud|e?\d+(?:x\d+)?(?:\.\d+)?[bm][\w.-]*)(?=:|$)/;
const paths: Readonly<Record<string, "generate" | "embed" | "models">> = {
  "POST chat": "generate",
  "POST embed": "embed",
  "GET tags": "models",
};
/** The server tells two of them apart only. */
const doneReasons: Readonly<Record<Ending, string>> = {
  stop: "stop",
  "stop-sequence": "stop",
  length: "length",
  tools: "stop",
  refusal: "stop",
};

/** Ollama's own format: one JSON object a line. */
export const ollama: Dialect = {
  name: "ollama",
  mark: undefined,
  streamType: "application/x-ndjson",
  model: (body) => string(body["model"]).replace(tag, ""),
  operation: (method, path) => paths[`${method} ${/\/api\/([a-z]+)$/.exec(path)?.[1]}`],
  read,
  whole,
  frames,
  embedding: {
    read: readEmbed,
    whole: ({ ask, vectors, inputTokens }) => ({
      model: ask.model,
      embeddings: vectors,
      total_duration: loadNs + inputTokens * tokenNs,
      load_duration: loadNs,
      prompt_eval_count: inputTokens,
    }),
  },
  models: (names) => ({
    models: names.map((name) => ({
      name,
      model: name,
      modified_at: modelsModified,
      size: modelBytes,
      digest: seedOf(name, Buffer.alloc(0)),
      details: { format: "gguf", family: "llama", parameter_size: "8.0B", quantization_level: "Q4_K_M" },
    })),
  }),
  requestId: (seed) => seed.slice(0, 32),
  headers: () => ({}),
  fault: ollamaFault,
  faultFrame: (requestId) => `${JSON.stringify(ollamaFault({ kind: 500, model: "", requestId }).body)}\n`,
};

function read(body: JsonObject): Ask {
  const messages = list(body["messages"]).map(object);
  const options = object(body["options"]);
  if (string(body["model"]) === "") throw new BadRequest("model is required");
  const { think, top_logprobs: alternatives } = body;
  if (typeof think === "string" && !["low", "medium", "high", "max"].includes(think)) {
    throw new BadRequest(`invalid think value: "${think}" (must be "high", "medium", "low", "max", true, or false)`);
  }
  if ((number(alternatives) ?? 0) > alternativesMax) throw new BadRequest("top_logprobs must be between 0 and 20");
  const asked = messages.findLast(({ role, content }) => role === "user" && string(content) !== "");
  return {
    model: string(body["model"]),
    stream: body["stream"] !== false,
    prompt: string(asked?.["content"]),
    attachments: list(asked?.["images"]).map(() => "image"),
    toolResults: toolResults(messages),
    tools: list(body["tools"])
      .map((tool) => object(object(tool)["function"]))
      .map((tool) => ({ name: string(tool["name"]), schema: tool["parameters"] ?? { type: "object" } })),
    toolChoice: { kind: "auto" },
    parallelTools: true,
    announcesTools: false,
    format: format(body["format"]),
    outputTokensMax: number(options["num_predict"]),
    stops: list(options["stop"]).map(string),
    reasoningTokensMax: think === true || typeof think === "string" ? Number.MAX_SAFE_INTEGER : undefined,
    inputTokens: messages.length * 4 + countTokens([messages, body["tools"]]),
  };
}

function toolResults(messages: readonly JsonObject[]): ToolResult[] {
  const last = messages.findLastIndex(({ role }) => role !== "tool");
  return messages
    .slice(last + 1)
    .map((message) => ({ name: string(message["tool_name"]), text: string(message["content"]) }));
}

function format(wanted: unknown): Format {
  if (wanted === "json") return { kind: "json", schema: undefined };
  return isObject(wanted) ? { kind: "json", schema: wanted } : { kind: "text" };
}

function readEmbed(body: JsonObject): EmbedAsk {
  const { input } = body;
  const texts = typeof input === "string" ? [input] : list(input);
  if (!texts.every((text) => typeof text === "string")) throw new BadRequest("invalid input type");
  return { model: string(body["model"]), texts, dimensions: number(body["dimensions"]) };
}

/** What a line holds besides the message. */
function head({ ask, createdS }: Exchange) {
  return { model: ask.model, created_at: new Date(createdS * 1000).toISOString() };
}

function counts({ ask, answer }: Exchange) {
  const promptNs = ask.inputTokens * tokenNs;
  const answerNs = answer.outputTokens * tokenNs;
  return {
    done: true,
    done_reason: doneReasons[answer.ending],
    total_duration: loadNs + promptNs + answerNs,
    load_duration: loadNs,
    prompt_eval_count: ask.inputTokens,
    prompt_eval_duration: promptNs,
    eval_count: answer.outputTokens,
    eval_duration: answerNs,
  };
}

function calls({ answer, seed }: Exchange) {
  return answer.calls.map((call, index) => ({
    id: `call_${identifier(seed, `call ${index}`, 8).toLowerCase()}`,
    function: { index, name: call.name, arguments: object(JSON.parse(call.arguments)) },
  }));
}

function logprobs({ body, seed }: Exchange, tokens: readonly string[]) {
  if (body["logprobs"] !== true || tokens.length === 0) return {};
  const alternatives = Math.min(number(body["top_logprobs"]) ?? 0, alternativesMax);
  const probability = (token: string, logprob: number) => ({ token, logprob, bytes: [...Buffer.from(token)] });
  return {
    logprobs: tokens.map((token) => {
      const logprob = -fraction(seed, token);
      const others = Array.from({ length: Math.max(alternatives - 1, 0) }, (_, at) =>
        probability(` option${at + 1}`, logprob - at - 1),
      );
      const likely = probability(token, logprob);
      return alternatives > 0 ? { ...likely, top_logprobs: [likely, ...others] } : likely;
    }),
  };
}

function whole(exchange: Exchange): unknown {
  const { answer } = exchange;
  const message = {
    role: "assistant",
    content: answer.text.join(""),
    ...(answer.reasoning.length > 0 ? { thinking: answer.reasoning.join("") } : {}),
    ...(answer.calls.length > 0 ? { tool_calls: calls(exchange) } : {}),
  };
  return { ...head(exchange), message, ...counts(exchange), ...logprobs(exchange, answer.text) };
}

function* frames(exchange: Exchange): Generator<Frame> {
  const { answer } = exchange;
  const line = (message: object, rest: object, tokens: number): Frame => ({
    text: `${JSON.stringify({ ...head(exchange), message: { role: "assistant", ...message }, ...rest })}\n`,
    tokens,
  });
  for (const thinking of answer.reasoning) yield line({ content: "", thinking }, { done: false }, 1);
  for (const content of answer.text) yield line({ content }, { done: false, ...logprobs(exchange, [content]) }, 1);
  for (const call of calls(exchange)) yield line({ content: "", tool_calls: [call] }, { done: false }, 1);
  yield line({ content: "" }, counts(exchange), 0);
}
