import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import fc from "fast-check";

/** One part of a model's answer, with the pieces in which it is streamed. */
interface Part {
  readonly kind: "text" | "reasoning" | "tool";
  /** Pieces of the text, or of the JSON text of a tool's arguments. */
  readonly pieces: readonly string[];
}

/** What a model answers, whatever the dialect. */
export interface ModelAnswer {
  readonly parts: readonly Part[];
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly stop: "natural" | "length";
}

/** The same answer as a provider sends it in one body and as a stream. */
export interface WireAnswer {
  readonly whole: Buffer;
  readonly streamed: Buffer;
}

/** Any answer: texts, reasoning and tool calls, cut into pieces anywhere, between the halves of a surrogate pair too. */
export const modelAnswers: fc.Arbitrary<ModelAnswer> = fc.record({
  parts: fc.array(fc.oneof(prose("text"), prose("reasoning"), tool()), { minLength: 1, maxLength: 5 }),
  inputTokens: fc.integer({ min: 1, max: 100_000 }),
  outputTokens: fc.integer({ min: 1, max: 100_000 }),
  stop: fc.constantFrom("natural", "length"),
});

function prose(kind: "text" | "reasoning"): fc.Arbitrary<Part> {
  return inPieces(fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 })).map((pieces) => ({ kind, pieces }));
}

function tool(): fc.Arbitrary<Part> {
  const json = fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 });
  return inPieces(json.map((value) => JSON.stringify(value))).map((pieces) => ({ kind: "tool", pieces }));
}

function inPieces(text: fc.Arbitrary<string>): fc.Arbitrary<string[]> {
  const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 });
  return fc.tuple(text, cuts).map(([all, shares]) => {
    const at = shares.map((share) => Math.floor(share * all.length)).sort((a, b) => a - b);
    return [0, ...at].map((from, i) => all.slice(from, at[i]));
  });
}

/** As chat completions: reasoning, then text, then tool calls, whose pieces interleave. */
export function asChatCompletion({ parts, inputTokens, outputTokens, stop }: ModelAnswer): WireAnswer {
  const of = (kind: Part["kind"]) => parts.filter((part) => part.kind === kind);
  const tools = of("tool");
  const head = { id: "chatcmpl-1", object: "chat.completion", created: 1, model: "m-2" };
  const reason = stop === "length" ? "length" : tools.length > 0 ? "tool_calls" : "stop";
  const usage = { prompt_tokens: inputTokens, completion_tokens: outputTokens };
  const joined = (kind: Part["kind"]) => of(kind).flatMap(({ pieces }) => pieces);
  const call = (i: number, text: string) => ({
    id: `call_${i}`,
    type: "function",
    function: { name: `f${i}`, arguments: text },
  });
  const calls = tools.map(({ pieces }, i) => call(i, pieces.join("")));
  const message = {
    role: "assistant",
    content: joined("text").join("") || null,
    reasoning_content: joined("reasoning").join("") || null,
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
  const longest = Math.max(0, ...tools.map(({ pieces }) => pieces.length));
  const deltas: JsonObject[] = [
    { role: "assistant", content: "" },
    ...joined("reasoning").map((piece) => ({ reasoning_content: piece })),
    ...joined("text").map((piece) => ({ content: piece })),
    ...tools.map((_, i) => ({ tool_calls: [{ index: i, ...call(i, "") }] })),
    ...Array.from({ length: longest }, (_, round) =>
      tools.flatMap(({ pieces }, i) => {
        const piece = pieces[round];
        return piece === undefined ? [] : [{ tool_calls: [{ index: i, function: { arguments: piece } }] }];
      }),
    ).flat(),
  ];
  const events: JsonObject[] = [
    ...deltas.map((delta) => ({ ...head, choices: [{ index: 0, delta, finish_reason: null }] })),
    { ...head, choices: [{ index: 0, delta: {}, finish_reason: reason }] },
    { ...head, choices: [], usage },
  ];
  return {
    whole: bytesOf({ ...head, choices: [{ index: 0, message, finish_reason: reason }], usage }),
    streamed: Buffer.from(
      [...events.map((event) => `data: ${JSON.stringify(event)}\n\n`), "data: [DONE]\n\n"].join(""),
    ),
  };
}

/** As messages: one block for each part, in any order. */
export function asMessage({ parts, inputTokens, outputTokens, stop }: ModelAnswer): WireAnswer {
  const called = parts.some(({ kind }) => kind === "tool");
  const ending = {
    stop_reason: stop === "length" ? "max_tokens" : called ? "tool_use" : "end_turn",
    stop_sequence: null,
  };
  const head = { id: "msg_1", type: "message", role: "assistant", model: "m-2" };
  const message = {
    ...head,
    ...ending,
    content: parts.map((part, i) => block(part, i, part.pieces.join(""))),
    usage: { input_tokens: inputTokens, output_tokens: outputTokens },
  };
  const start = { ...head, content: [], stop_reason: null, usage: { input_tokens: inputTokens, output_tokens: 0 } };
  const events: JsonObject[] = [
    { type: "message_start", message: start },
    { type: "ping" },
    ...parts.flatMap((part, index) => [
      { type: "content_block_start", index, content_block: block(part, index, "") },
      ...part.pieces.map((piece) => ({ type: "content_block_delta", index, delta: blockDelta(part, piece) })),
      ...(part.kind === "reasoning"
        ? [{ type: "content_block_delta", index, delta: { type: "signature_delta", signature: `sig${index}` } }]
        : []),
      { type: "content_block_stop", index },
    ]),
    { type: "message_delta", delta: ending, usage: { output_tokens: outputTokens } },
    { type: "message_stop" },
  ];
  return {
    whole: bytesOf(message),
    streamed: Buffer.from(
      events.map((event) => `event: ${event["type"]}\ndata: ${JSON.stringify(event)}\n\n`).join(""),
    ),
  };
}

/** As Ollama's own: reasoning, then text, then tool calls, which come whole. */
export function asOllama({ parts, inputTokens, outputTokens, stop }: ModelAnswer): WireAnswer {
  const of = (kind: Part["kind"]) => parts.filter((part) => part.kind === kind);
  const joined = (kind: Part["kind"]) => of(kind).flatMap(({ pieces }) => pieces);
  const head = { model: "m-2", created_at: "2026-01-01T00:00:00Z" };
  const calls = of("tool").map(({ pieces }, index) => ({
    id: `call_${index}`,
    function: { index, name: `f${index}`, arguments: JSON.parse(pieces.join("")) },
  }));
  const done = {
    done: true,
    done_reason: stop === "length" ? "length" : "stop",
    prompt_eval_count: inputTokens,
    eval_count: outputTokens,
  };
  const message = { content: joined("text").join(""), thinking: joined("reasoning").join(""), tool_calls: calls };
  const deltas: JsonObject[] = [
    ...joined("reasoning").map((thinking) => ({ content: "", thinking })),
    ...joined("text").map((content) => ({ content })),
    ...calls.map((call) => ({ content: "", tool_calls: [call] })),
  ];
  const lines = [...deltas.map((said) => ({ message: said, done: false })), { message: { content: "" }, ...done }];
  return {
    whole: bytesOf({ ...head, message, ...done }),
    streamed: Buffer.from(lines.map((line) => `${JSON.stringify({ ...head, ...line })}\n`).join("")),
  };
}

/** As generateContent: the parts in any order; a call comes whole in its own event. */
export function asGenerateContent({ parts, inputTokens, outputTokens, stop }: ModelAnswer): WireAnswer {
  const finishReason = stop === "length" ? "MAX_TOKENS" : "STOP";
  const usageMetadata = { promptTokenCount: inputTokens, candidatesTokenCount: outputTokens };
  const response = (given: readonly JsonObject[], more: JsonObject = {}, rest: JsonObject = {}): JsonObject => ({
    candidates: [{ content: { parts: [...given], role: "model" }, index: 0, ...more }],
    modelVersion: "m-2",
    ...rest,
  });
  const pieces = parts.flatMap((part, i) =>
    part.kind === "tool" ? [partOf(part, i, "")] : part.pieces.map((piece) => partOf(part, i, piece)),
  );
  const events = [
    ...pieces.map((piece) => response([piece])),
    response([{ text: "" }], { finishReason }, { usageMetadata }),
  ];
  return {
    whole: bytesOf(
      response(
        parts.map((part, i) => partOf(part, i, part.pieces.join(""))),
        { finishReason },
        { usageMetadata },
      ),
    ),
    streamed: Buffer.from(events.map((event) => `data: ${JSON.stringify(event)}\r\n\r\n`).join("")),
  };
}

function partOf({ kind, pieces }: Part, i: number, text: string): JsonObject {
  if (kind === "tool") return { functionCall: { name: `f${i}`, args: JSON.parse(pieces.join("")), id: `call-${i}` } };
  return kind === "reasoning" ? { text, thought: true } : { text };
}

/** As a response: one item for each part, in any order. */
export function asResponse({ parts, inputTokens, outputTokens, stop }: ModelAnswer): WireAnswer {
  const output = parts.map((part, i) => item(part, i, part.pieces.join("")));
  const head = { id: "resp_1", object: "response", model: "m-2" };
  const status = stop === "length" ? "incomplete" : "completed";
  const response = {
    ...head,
    status,
    ...(stop === "length" ? { incomplete_details: { reason: "max_output_tokens" } } : {}),
    output,
    usage: { input_tokens: inputTokens, output_tokens: outputTokens },
  };
  const events: JsonObject[] = [
    { type: "response.created", response: { ...head, status: "in_progress", output: [], usage: null } },
    ...parts.flatMap((part, output_index): JsonObject[] => [
      { type: "response.output_item.added", output_index, item: item(part, output_index, "") },
      ...part.pieces.map((delta) => ({ output_index, delta, ...itemDeltas[part.kind] })),
      { type: "response.output_item.done", output_index, item: output[output_index] ?? {} },
    ]),
    { type: `response.${status}`, response },
  ];
  return {
    whole: bytesOf(response),
    streamed: Buffer.from(
      events.map((event) => `event: ${event["type"]}\ndata: ${JSON.stringify(event)}\n\n`).join(""),
    ),
  };
}

const itemDeltas = {
  text: { type: "response.output_text.delta", content_index: 0 },
  reasoning: { type: "response.reasoning_summary_text.delta", summary_index: 0 },
  tool: { type: "response.function_call_arguments.delta" },
} as const;

/** Empty text stands for an item that is about to be streamed. */
function item({ kind }: Part, i: number, text: string): JsonObject {
  if (kind === "tool") return { type: "function_call", call_id: `call_${i}`, name: `f${i}`, arguments: text };
  const content = text === "" ? [] : [{ type: kind === "text" ? "output_text" : "summary_text", text }];
  if (kind === "text") return { type: "message", id: `msg_${i}`, role: "assistant", content };
  return { type: "reasoning", id: `rs_${i}`, summary: content, encrypted_content: text === "" ? null : `enc${i}` };
}

/** Empty text stands for a block that is about to be streamed. */
function block({ kind }: Part, i: number, text: string): JsonObject {
  if (kind === "text") return { type: "text", text };
  if (kind === "reasoning") return { type: "thinking", thinking: text, signature: text === "" ? "" : `sig${i}` };
  return { type: "tool_use", id: `toolu_${i}`, name: `f${i}`, input: text === "" ? {} : JSON.parse(text) };
}

function blockDelta({ kind }: Part, piece: string): JsonObject {
  if (kind === "text") return { type: "text_delta", text: piece };
  return kind === "reasoning"
    ? { type: "thinking_delta", thinking: piece }
    : { type: "input_json_delta", partial_json: piece };
}

function bytesOf(value: JsonValue): Buffer {
  return Buffer.from(JSON.stringify(value));
}
