import type { Ending } from "./answer.ts";
import type { Ask, Format, ToolResult } from "./ask.ts";
import { cohereFault } from "./cohere-fault.ts";
import {
  BadRequest,
  type Dialect,
  type EmbedAsk,
  type Exchange,
  type Frame,
  type Operation,
  type RerankAsk,
} from "./dialect.ts";
import { fraction, identifier } from "./identifier.ts";
import { isObject, type JsonObject, list, number, object, string, textsIn } from "./json.ts";
import { countTokens, fragmentsOf } from "./tokens.ts";

const stopsMax = 5;
const textsMax = 96;
/** What the API puts before a prompt by itself, which is not billed. */
const preambleTokens = 495;
const paths: Readonly<Record<string, Operation>> = {
  "POST /v2/chat": "generate",
  "POST /v2/embed": "embed",
  "POST /v2/rerank": "rerank",
};
const finishReasons: Readonly<Record<Ending, string>> = {
  stop: "COMPLETE",
  "stop-sequence": "STOP_SEQUENCE",
  length: "MAX_TOKENS",
  tools: "TOOL_CALL",
  refusal: "COMPLETE",
};

/** Cohere's format, version 2. Its list of models is not here: it has the path of OpenAI's. */
export const cohere: Dialect = {
  name: "cohere",
  mark: undefined,
  streamType: "text/event-stream",
  operation: (method, path) => paths[`${method} ${/\/v2\/[a-z]+$/.exec(path)?.[0]}`],
  read,
  whole,
  frames,
  embedding: {
    read: readEmbed,
    whole: ({ vectors, ask, inputTokens, seed }) => ({
      id: requestId(seed),
      texts: ask.texts,
      embeddings: { float: vectors },
      meta: { api_version: { version: "2" }, billed_units: { input_tokens: inputTokens } },
      response_type: "embeddings_by_type",
    }),
  },
  reranking: {
    read: readRerank,
    whole: ({ ask, results, seed }) => ({
      id: requestId(seed),
      results: results.map(({ index, score }) => ({ index, relevance_score: score })),
      meta: {
        api_version: { version: "2" },
        billed_units: { search_units: Math.max(1, Math.ceil(ask.documents.length / 100)) },
      },
    }),
  },
  models: () => ({}),
  requestId,
  headers: () => ({ "x-endpoint-monthly-call-limit": "1000" }),
  fault: cohereFault,
  faultFrame: (id) => `data: ${JSON.stringify(cohereFault({ kind: 500, model: "", requestId: id }).body)}\n\n`,
};

function requestId(seed: string): string {
  return seed.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function read(body: JsonObject): Ask {
  const messages = list(body["messages"]).map(object);
  if (string(body["model"]) === "") throw new BadRequest("a model parameter is required for this endpoint.");
  if (messages.length === 0) throw new BadRequest("invalid request: list of messages must not be empty");
  if (messages.findLastIndex(({ role }) => role === "system") > 0) {
    throw new BadRequest("system turn must be the first in the list");
  }
  demandCalls(messages);
  demandSettings(body);
  const asked = messages.findLast(({ role, content }) => role === "user" && textsIn(content) !== "");
  return {
    model: string(body["model"]),
    stream: body["stream"] === true,
    prompt: textsIn(asked?.["content"]),
    attachments: list(asked?.["content"]).flatMap((block) => (object(block)["type"] === "image_url" ? ["image"] : [])),
    toolResults: toolResults(messages),
    tools: list(body["tools"])
      .map((tool) => object(object(tool)["function"]))
      .map((tool) => ({ name: string(tool["name"]), schema: tool["parameters"] ?? { type: "object" } })),
    toolChoice: { kind: choiceOf(body["tool_choice"]) },
    parallelTools: true,
    announcesTools: true,
    format: format(object(body["response_format"])),
    outputTokensMax: number(body["max_tokens"]),
    stops: list(body["stop_sequences"]).map(string),
    reasoningTokensMax: reasoningTokensMax(object(body["thinking"])),
    inputTokens: messages.length * 4 + countTokens([messages, body["documents"], body["tools"]]),
  };
}

function demandCalls(messages: readonly JsonObject[]): void {
  const called = new Set<unknown>();
  for (const { role, tool_calls, tool_call_id } of messages) {
    for (const call of list(tool_calls)) called.add(object(call)["id"]);
    if (role === "tool" && !called.has(tool_call_id)) {
      throw new BadRequest("tool call id not found in previous tool calls");
    }
  }
}

function demandSettings(body: JsonObject): void {
  const { temperature, stop_sequences, response_format, documents, tools } = body;
  if ((number(temperature) ?? 0) > 1) {
    throw new BadRequest("invalid request: temperature must be between 0 and 1.0 inclusive.");
  }
  if (list(stop_sequences).length > stopsMax) {
    throw new BadRequest("invalid request: at most 5 stop sequences can be specified.");
  }
  if (object(response_format)["type"] === "json_object" && list(documents).length + list(tools).length > 0) {
    throw new BadRequest("invalid request: response_format is not supported with RAG.");
  }
  const ids = list(documents).map((document) => object(document)["id"]);
  const twice = ids.findIndex((id, at) => id !== undefined && ids.indexOf(id) < at);
  if (twice !== -1) throw new BadRequest(`invalid request: duplicate document ID ${ids[twice]} at index ${twice}`);
}

function choiceOf(choice: unknown): "auto" | "none" | "required" {
  return choice === "REQUIRED" ? "required" : choice === "NONE" ? "none" : "auto";
}

function format(wanted: JsonObject): Format {
  return wanted["type"] === "json_object" ? { kind: "json", schema: wanted["json_schema"] } : { kind: "text" };
}

function reasoningTokensMax({ type, token_budget: budget }: JsonObject): number | undefined {
  return type === "enabled" ? (number(budget) ?? Number.MAX_SAFE_INTEGER) : undefined;
}

function toolResults(messages: readonly JsonObject[]): ToolResult[] {
  const last = messages.findLastIndex(({ role }) => role !== "tool");
  const calls = messages.flatMap((message) => list(message["tool_calls"]).map(object));
  const names = new Map(calls.map((call) => [call["id"], string(object(call["function"])["name"])]));
  return messages.slice(last + 1).map(({ tool_call_id, content }) => {
    const documents = list(content).flatMap((block) => object(block)["document"] ?? []);
    const data = documents.map((document) => JSON.stringify(object(document)["data"] ?? {}));
    return { name: names.get(tool_call_id) ?? "", text: [textsIn(content), ...data].filter(Boolean).join("\n") };
  });
}

function readEmbed(body: JsonObject): EmbedAsk {
  const texts = list(body["texts"]).map(string);
  if (texts.length > textsMax) {
    throw new BadRequest(`invalid request: total number of texts must be at most 96 - received ${texts.length}`);
  }
  if (string(body["input_type"]) === "") {
    throw new BadRequest("invalid request: valid input_type must be provided with the provided model");
  }
  return { model: string(body["model"]), texts, dimensions: number(body["output_dimension"]) };
}

function readRerank(body: JsonObject): RerankAsk {
  const documents = list(body["documents"]).map(string);
  if (documents.length === 0) throw new BadRequest("invalid request: list of documents must not be empty");
  return { model: string(body["model"]), query: string(body["query"]), documents, topN: number(body["top_n"]) };
}

function usage({ ask, answer }: Exchange) {
  const reasoning = answer.reasoning.length;
  return {
    billed_units: { input_tokens: ask.inputTokens, output_tokens: answer.outputTokens },
    tokens: {
      input_tokens: ask.inputTokens + preambleTokens,
      output_tokens: answer.outputTokens + 3,
      ...(reasoning > 0 ? { reasoning_tokens: reasoning } : {}),
    },
    cached_tokens: 0,
  };
}

function calls({ answer, seed }: Exchange) {
  return answer.calls.map((call, at) => ({
    id: `${call.name}_${identifier(seed, `call ${at}`, 12).toLowerCase()}`,
    type: "function",
    function: call,
  }));
}

/** The first word of an answer is taken from the first document. */
function citations({ body, answer }: Exchange, index: number) {
  const [first] = list(body["documents"]).map(object);
  const [word] = answer.text;
  const { mode } = object(body["citation_options"]);
  if (first === undefined || word === undefined || mode === "OFF" || mode === "DISABLED") return [];
  const { id = "doc:0", data } = first;
  const source = { type: "document", id, document: { id, ...(isObject(data) ? data : { text: data }) } };
  const text = word.trimStart();
  const start = [...word].length - [...text].length;
  return [{ start, end: [...word].length, text, sources: [source], type: "TEXT_CONTENT", content_index: index }];
}

function logprobs({ body, seed }: Exchange, text: string) {
  if (body["logprobs"] !== true) return {};
  return { logprobs: { text, token_ids: [text.length], logprobs: [-fraction(seed, text)] } };
}

function whole(exchange: Exchange): unknown {
  const { answer, seed } = exchange;
  const text = answer.text.join("");
  const isPlan = answer.calls.length > 0;
  const content = [
    ...(answer.reasoning.length > 0 ? [{ type: "thinking", thinking: answer.reasoning.join("") }] : []),
    ...(isPlan || text === "" ? [] : [{ type: "text", text }]),
  ];
  const cited = isPlan ? [] : citations(exchange, content.length - 1);
  const probabilities = answer.text.flatMap((token) => logprobs(exchange, token).logprobs ?? []);
  return {
    id: requestId(seed),
    message: {
      role: "assistant",
      ...(isPlan && text !== "" ? { tool_plan: text } : {}),
      ...(content.length > 0 ? { content } : {}),
      ...(isPlan ? { tool_calls: calls(exchange) } : {}),
      ...(cited.length > 0 ? { citations: cited } : {}),
    },
    finish_reason: finishReasons[answer.ending],
    usage: usage(exchange),
    ...(probabilities.length > 0 && !isPlan ? { logprobs: probabilities } : {}),
  };
}

function event(type: string, fields: object, tokens = 0): Frame {
  return { text: `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`, tokens };
}

function* frames(exchange: Exchange): Generator<Frame> {
  const { answer, seed } = exchange;
  const empty = { role: "assistant", content: [], tool_plan: "", tool_calls: [], citations: [] };
  const opening = { id: requestId(seed), type: "message-start", delta: { message: empty } };
  yield { text: `event: message-start\ndata: ${JSON.stringify(opening)}\n\n`, tokens: 0 };
  const isPlan = answer.calls.length > 0;
  let index = 0;
  if (answer.reasoning.length > 0) yield* block(index++, "thinking", answer.reasoning, []);
  if (isPlan) {
    for (const tool_plan of answer.text) yield event("tool-plan-delta", { delta: { message: { tool_plan } } }, 1);
    yield* callFrames(exchange);
  } else if (answer.text.length > 0) {
    const extras = answer.text.map((token) => logprobs(exchange, token));
    yield* block(index, "text", answer.text, extras, citations(exchange, index));
  }
  yield event("message-end", { delta: { finish_reason: finishReasons[answer.ending], usage: usage(exchange) } });
  yield { text: "data: [DONE]\n\n", tokens: 0 };
}

function* block(
  index: number,
  kind: "text" | "thinking",
  pieces: readonly string[],
  extras: readonly object[],
  cited: readonly object[] = [],
): Generator<Frame> {
  const content = { type: kind, [kind]: "" };
  yield event("content-start", { index, delta: { message: { content } } });
  for (const [at, piece] of pieces.entries()) {
    yield event("content-delta", { index, delta: { message: { content: { [kind]: piece } } }, ...extras[at] }, 1);
    if (at > 0) continue;
    for (const [number, citations] of cited.entries()) {
      yield event("citation-start", { index: number, delta: { message: { citations } } });
      yield event("citation-end", { index: number });
    }
  }
  yield event("content-end", { index });
}

function* callFrames(exchange: Exchange): Generator<Frame> {
  for (const [index, call] of calls(exchange).entries()) {
    const opened = { ...call, function: { name: call.function.name, arguments: "" } };
    yield event("tool-call-start", { index, delta: { message: { tool_calls: opened } } }, 1);
    for (const fragment of fragmentsOf(call.function.arguments)) {
      const tool_calls = { function: { arguments: fragment } };
      yield event("tool-call-delta", { index, delta: { message: { tool_calls } } }, 1);
    }
    yield event("tool-call-end", { index });
  }
}
