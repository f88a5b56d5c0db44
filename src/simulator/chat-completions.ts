import type { Ending } from "./answer.ts";
import type { Ask, Format, ToolChoice, ToolResult } from "./ask.ts";
import { chatCompletionsFault } from "./chat-completions-fault.ts";
import { BadRequest, type Dialect, type Exchange, type Frame, type Operation } from "./dialect.ts";
import { fraction, identifier } from "./identifier.ts";
import { type JsonObject, list, number, object, string, textsIn } from "./json.ts";
import { embedding } from "./openai-embedding.ts";
import { reranking } from "./openai-reranking.ts";
import { asksToReason, showingOf, withThoughts } from "./shown-reasoning.ts";
import { countTokens, fragmentsOf } from "./tokens.ts";

const operations: readonly (readonly [RegExp, Operation])[] = [
  // Below /v1, or wherever else those who follow OpenAI have it: /api/v1, /openai/v1, /beta.
  [/^POST (?!.*\/deployments\/).*\/chat\/completions$/, "generate"],
  [/^POST .*\/v1\/embeddings$/, "embed"],
  [/^POST .*\/v1\/rerank$/, "rerank"],
  [/^GET (|.*\/v1)\/models$/, "models"],
];
const fingerprint = "fp_5100140a7e";
const modelsCreatedS = 1_735_689_600;
const choicesMax = 16;
const stopsMax = 4;
const callIdCharsMax = 40;
const attachments: Readonly<Record<string, string>> = { image_url: "image", input_audio: "audio", file: "document" };
const finishReasons: Readonly<Record<Ending, string>> = {
  stop: "stop",
  "stop-sequence": "stop",
  length: "length",
  tools: "tool_calls",
  refusal: "stop",
};

/** The chat-completions format as OpenAI speaks it, and those who follow it. */
export const chatCompletions: Dialect = {
  name: "chat-completions",
  mark: undefined,
  streamType: "text/event-stream; charset=utf-8",
  operation: (method, path) => operations.find(([served]) => served.test(`${method} ${path}`))?.[1],
  read,
  whole,
  frames,
  embedding,
  reranking,
  models: (names) => ({
    object: "list",
    data: names.map((id) => ({ id, object: "model", created: modelsCreatedS, owned_by: "simulator" })),
  }),
  requestId: (seed) => `req_${seed.slice(0, 32)}`,
  headers: (requestId) => ({
    "openai-processing-ms": "1",
    "openai-version": "2020-10-01",
    "x-ratelimit-limit-requests": "10000",
    "x-ratelimit-limit-tokens": "2000000",
    "x-ratelimit-remaining-requests": "9999",
    "x-ratelimit-remaining-tokens": "1999900",
    "x-ratelimit-reset-requests": "6ms",
    "x-ratelimit-reset-tokens": "3ms",
    "x-request-id": requestId,
  }),
  fault: chatCompletionsFault,
  faultFrame: (requestId) =>
    `data: ${JSON.stringify(chatCompletionsFault({ kind: 500, model: "", requestId }).body)}\n\n`,
};

function read(body: JsonObject): Ask {
  const messages = list(body["messages"]).map(object);
  if (string(body["model"]) === "") throw new BadRequest("you must provide a model parameter");
  if (messages.length === 0) throw new BadRequest("Missing required parameter: 'messages'.", "messages");
  const asked = messages.findLast((message) => message["role"] === "user" && textsIn(message["content"]) !== "");
  const outputTokensMax = number(body["max_completion_tokens"]) ?? number(body["max_tokens"]);
  if (outputTokensMax !== undefined && outputTokensMax < 1) {
    throw new BadRequest("Invalid value: 'max_completion_tokens' must be at least 1.", "max_completion_tokens");
  }
  const { stop } = body;
  const stops = typeof stop === "string" ? [stop] : list(stop).map(string);
  if (stops.length > stopsMax) {
    const found = `Expected an array with maximum length ${stopsMax}, but got an array with length ${stops.length} instead.`;
    throw new BadRequest(`Invalid 'stop': array too long. ${found}`, "stop");
  }
  demandCallIds(messages);
  return {
    model: string(body["model"]),
    stream: body["stream"] === true,
    prompt: textsIn(asked?.["content"]),
    attachments: list(asked?.["content"]).flatMap((part) => attachments[string(object(part)["type"])] ?? []),
    toolResults: toolResults(messages),
    tools: list(body["tools"])
      .map((tool) => object(object(tool)["function"]))
      .filter((tool) => string(tool["name"]) !== "")
      .map((tool) => ({ name: string(tool["name"]), schema: tool["parameters"] ?? { type: "object" } })),
    toolChoice: toolChoice(body["tool_choice"]),
    parallelTools: body["parallel_tool_calls"] !== false,
    announcesTools: false,
    format: format(object(body["response_format"])),
    outputTokensMax,
    stops,
    reasoningTokensMax: asksToReason(body) ? Number.MAX_SAFE_INTEGER : undefined,
    inputTokens: messages.length * 4 + countTokens([messages, body["tools"], body["response_format"]]),
  };
}

function demandCallIds(messages: readonly JsonObject[]): void {
  for (const [at, message] of messages.entries()) {
    const calls = list(message["tool_calls"]).map((call, position) => ({
      id: string(object(call)["id"]),
      param: `messages[${at}].tool_calls[${position}].id`,
    }));
    const ids = [...calls, { id: string(message["tool_call_id"]), param: `messages[${at}].tool_call_id` }];
    const long = ids.find(({ id }) => id.length > callIdCharsMax);
    if (long === undefined) continue;
    const found = `Expected a string with maximum length ${callIdCharsMax}, but got a string with length ${long.id.length} instead.`;
    throw new BadRequest(`Invalid '${long.param}': string too long. ${found}`, long.param);
  }
}

function toolResults(messages: readonly JsonObject[]): ToolResult[] {
  const last = messages.findLastIndex((message) => message["role"] !== "tool");
  const calls = messages.flatMap((message) => list(message["tool_calls"]).map(object));
  const names = new Map(calls.map((call) => [call["id"], string(object(call["function"])["name"])]));
  return messages.slice(last + 1).map((message) => ({
    name: names.get(message["tool_call_id"]) ?? "",
    text: textsIn(message["content"]),
  }));
}

function toolChoice(choice: unknown): ToolChoice {
  if (choice === "none" || choice === "required") return { kind: choice };
  const name = string(object(object(choice)["function"])["name"]);
  return name === "" ? { kind: "auto" } : { kind: "named", name };
}

function format(wanted: JsonObject): Format {
  if (wanted["type"] === "json_object") return { kind: "json", schema: undefined };
  if (wanted["type"] !== "json_schema") return { kind: "text" };
  const schema = object(wanted["json_schema"])["schema"];
  if (schema === undefined) {
    throw new BadRequest("Missing required parameter: 'response_format.json_schema'.", "response_format.json_schema");
  }
  return { kind: "json", schema };
}

function choiceIndexes({ body }: Exchange): number[] {
  return Array.from({ length: Math.min(Math.max(number(body["n"]) ?? 1, 1), choicesMax) }, (_, at) => at);
}

/** A demanded function ends with "stop", not with "tool_calls": so the provider does. */
function finishReason({ ask, answer }: Exchange): string {
  return answer.ending === "tools" && ask.toolChoice.kind === "named" ? "stop" : finishReasons[answer.ending];
}

function calls({ answer, seed }: Exchange, choice: number) {
  return answer.calls.map((call, at) => ({
    id: `call_${identifier(seed, `call ${choice} ${at}`, 24)}`,
    type: "function",
    function: call,
  }));
}

function usage(exchange: Exchange) {
  const { ask, answer } = exchange;
  const completion = answer.outputTokens * choiceIndexes(exchange).length;
  return {
    prompt_tokens: ask.inputTokens,
    completion_tokens: completion,
    total_tokens: ask.inputTokens + completion,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: answer.reasoning.length,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

function logprobs({ body, answer, seed }: Exchange, tokens: readonly string[]) {
  if (body["logprobs"] !== true) return null;
  const alternatives = Math.min(number(body["top_logprobs"]) ?? 0, 20);
  const content = tokens.map((token) => {
    const logprob = -fraction(seed, token);
    const likely = { token, logprob, bytes: [...Buffer.from(token)] };
    const others = Array.from({ length: Math.max(alternatives - 1, 0) }, (_, at) => {
      const other = ` option${at + 1}`;
      return { token: other, logprob: logprob - at - 1, bytes: [...Buffer.from(other)] };
    });
    return { ...likely, top_logprobs: alternatives > 0 ? [likely, ...others] : [] };
  });
  return answer.ending === "refusal" ? { content: null, refusal: content } : { content, refusal: null };
}

function whole(exchange: Exchange): unknown {
  const { ask, answer, seed, createdS } = exchange;
  const text = answer.text.join("");
  const said = answer.ending === "refusal" ? { content: null, refusal: text } : { content: text, refusal: null };
  return {
    id: `chatcmpl-${identifier(seed, "id", 29)}`,
    object: "chat.completion",
    created: createdS,
    model: ask.model,
    choices: choiceIndexes(exchange).map((index) => ({
      index,
      message: withThoughts(
        {
          role: "assistant",
          ...(answer.calls.length > 0 ? { content: null, tool_calls: calls(exchange, index), refusal: null } : said),
          annotations: [],
        },
        ask.model,
        answer.reasoning.join(""),
      ),
      logprobs: answer.calls.length > 0 ? null : logprobs(exchange, answer.text),
      finish_reason: finishReason(exchange),
    })),
    usage: usage(exchange),
    service_tier: "default",
    system_fingerprint: fingerprint,
  };
}

function* frames(exchange: Exchange): Generator<Frame> {
  const { body, ask, answer, seed, createdS } = exchange;
  const options = object(body["stream_options"]);
  const head = `data: ${JSON.stringify({
    id: `chatcmpl-${identifier(seed, "id", 29)}`,
    object: "chat.completion.chunk",
    created: createdS,
    model: ask.model,
    service_tier: "default",
    system_fingerprint: fingerprint,
  }).slice(0, -1)},"choices":`;
  const counts = options["include_usage"] === true;
  const tail = counts ? ',"usage":null}\n\n' : "}\n\n";
  const chunk = (index: number, delta: object, tokens: number, spoken?: string, finish: string | null = null) => {
    const probabilities = spoken === undefined ? null : logprobs(exchange, [spoken]);
    const choices = [{ index, delta, logprobs: probabilities, finish_reason: finish }];
    return { text: `${head}${JSON.stringify(choices)}${tail}`, tokens };
  };
  for (const index of choiceIndexes(exchange)) {
    const content = answer.calls.length > 0 ? null : "";
    yield chunk(index, { role: "assistant", content, refusal: null }, 0);
    const shown = showingOf(ask.model);
    if (shown !== undefined) for (const thought of answer.reasoning) yield chunk(index, shown(thought), 1);
    const key = answer.ending === "refusal" ? "refusal" : "content";
    for (const token of answer.text) yield chunk(index, { [key]: token }, 1, token);
    for (const [at, call] of calls(exchange, index).entries()) {
      const opened = { ...call, function: { name: call.function.name, arguments: "" } };
      yield chunk(index, { tool_calls: [{ index: at, ...opened }] }, 1);
      for (const fragment of fragmentsOf(call.function.arguments)) {
        yield chunk(index, { tool_calls: [{ index: at, function: { arguments: fragment } }] }, 1);
      }
    }
    yield chunk(index, {}, 0, undefined, finishReason(exchange));
  }
  if (counts) yield { text: `${head}[],"usage":${JSON.stringify(usage(exchange))}}\n\n`, tokens: 0 };
  yield { text: "data: [DONE]\n\n", tokens: 0 };
}
