import type { Answer, Ending } from "./answer.ts";
import type { Ask, Format, Tool, ToolChoice, ToolResult } from "./ask.ts";
import { doubtHeader } from "./credential.ts";
import { type Asking, BadRequest, type Dialect, type Exchange, type Frame } from "./dialect.ts";
import { identifier } from "./identifier.ts";
import { type JsonObject, list, number, object, string } from "./json.ts";
import { messagesFault } from "./messages-fault.ts";
import { countTokens, fragmentsOf } from "./tokens.ts";

const budgetTokensMin = 1024;
const cacheMarksMax = 4;
const modelsCreated = "2025-01-01T00:00:00Z";
const stopReasons: Readonly<Record<Ending, string>> = {
  stop: "end_turn",
  "stop-sequence": "stop_sequence",
  length: "max_tokens",
  tools: "tool_use",
  refusal: "refusal",
};

/** The messages format as Anthropic speaks it. */
export const messages: Dialect = {
  name: "messages",
  mark: "anthropic-version",
  doubt: doubtHeader("x-api-key"),
  streamType: "text/event-stream; charset=utf-8",
  operation: (method, path) => {
    if (method === "GET" && path === "/v1/models") return "models";
    if (method !== "POST") return undefined;
    return path === "/v1/messages" ? "generate" : path === "/v1/messages/count_tokens" ? "count" : undefined;
  },
  read,
  whole,
  frames,
  count: (inputTokens) => ({ input_tokens: inputTokens }),
  models: (names) => ({
    data: names.map((id) => ({ type: "model", id, display_name: id, created_at: modelsCreated })),
    has_more: false,
    first_id: names[0] ?? null,
    last_id: names.at(-1) ?? null,
  }),
  requestId: (seed) => `req_011${identifier(seed, "request", 21)}`,
  headers: (requestId) => ({
    "anthropic-organization-id": "00000000-0000-4000-8000-000000000000",
    "anthropic-ratelimit-requests-limit": "4000",
    "anthropic-ratelimit-requests-remaining": "3999",
    "anthropic-ratelimit-tokens-limit": "2000000",
    "anthropic-ratelimit-tokens-remaining": "1999000",
    "request-id": requestId,
  }),
  fault: messagesFault,
  faultFrame: (requestId) => {
    const { body } = messagesFault({ kind: 529, model: "", requestId });
    return `event: error\ndata: ${JSON.stringify(body)}\n\n`;
  },
};

function read(body: JsonObject, { operation, header }: Asking): Ask {
  const turns = list(body["messages"]).map(object);
  if (header("anthropic-version") === "") throw new BadRequest("anthropic-version: header is required");
  if (string(body["model"]) === "") throw new BadRequest("model: Field required");
  if (turns.length === 0) throw new BadRequest("messages: at least one message is required");
  demandResults(turns);
  demandCacheMarks(body, turns);
  if (operation === "generate") demand(body);
  const asked = turns.findLast((turn) => turn["role"] === "user" && textOf(turn["content"]) !== "");
  return {
    model: string(body["model"]),
    stream: body["stream"] === true,
    prompt: textOf(asked?.["content"]),
    attachments: list(asked?.["content"])
      .map((block) => string(object(block)["type"]))
      .filter((type) => type === "image" || type === "document"),
    toolResults: toolResults(turns),
    tools: list(body["tools"]).map(object).filter(isOwnTool).map(tool),
    toolChoice: toolChoice(object(body["tool_choice"])),
    parallelTools: object(body["tool_choice"])["disable_parallel_tool_use"] !== true,
    announcesTools: true,
    format: format(object(object(body["output_config"])["format"] ?? body["output_format"])),
    outputTokensMax: number(body["max_tokens"]),
    stops: list(body["stop_sequences"]).map(string),
    reasoningTokensMax: reasoningTokensMax(object(body["thinking"])),
    inputTokens: turns.length * 4 + countTokens([turns, body["system"], body["tools"], body["output_config"]]),
  };
}

/** What generating demands beyond what counting does. */
function demand(body: JsonObject): void {
  const tokensMax = number(body["max_tokens"]);
  if (tokensMax === undefined) throw new BadRequest("max_tokens: Field required");
  if (tokensMax < 1) throw new BadRequest("max_tokens: Input should be greater than or equal to 1");
  const budget = number(object(body["thinking"])["budget_tokens"]);
  if (budget === undefined) return;
  if (budget < budgetTokensMin) {
    throw new BadRequest("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024");
  }
  if (budget >= tokensMax) throw new BadRequest("`max_tokens` must be greater than `thinking.budget_tokens`.");
}

/** A result of a tool answers a call in the assistant's last message; user messages in a row count as one. */
function demandResults(turns: readonly JsonObject[]): void {
  let called: ReadonlySet<unknown> = new Set();
  for (const [at, turn] of turns.entries()) {
    const content = list(turn["content"]).map(object);
    const stray = content.find(({ type, tool_use_id }) => type === "tool_result" && !called.has(tool_use_id));
    if (stray !== undefined) {
      const id = string(stray["tool_use_id"]);
      throw new BadRequest(
        `messages.${at}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}. Each \`tool_result\` ` +
          "block must have a corresponding `tool_use` block in the previous message.",
      );
    }
    if (turn["role"] !== "assistant") continue;
    called = new Set(content.filter(({ type }) => type === "tool_use").map(({ id }) => id));
  }
}

function demandCacheMarks(body: JsonObject, turns: readonly JsonObject[]): void {
  const blocks = [body["tools"], body["system"], ...turns.map((turn) => turn["content"])].flatMap(list).map(object);
  const inner = blocks.flatMap((block) => list(block["content"])).map(object);
  const count = [...blocks, ...inner].filter((block) => block["cache_control"] instanceof Object).length;
  if (count <= cacheMarksMax) return;
  throw new BadRequest(`A maximum of 4 blocks with cache_control may be provided. Found ${count}.`);
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  return list(content)
    .map(object)
    .filter((block) => block["type"] === "text")
    .map((block) => string(block["text"]))
    .join("\n");
}

function toolResults(turns: readonly JsonObject[]): ToolResult[] {
  const blocks = turns.flatMap((turn) => list(turn["content"]).map(object));
  const uses = blocks.filter((block) => block["type"] === "tool_use");
  const names = new Map(uses.map((block) => [block["id"], string(block["name"])]));
  const last = list(turns.at(-1)?.["content"]).map(object);
  return last
    .filter((block) => block["type"] === "tool_result")
    .map((block) => ({ name: names.get(block["tool_use_id"]) ?? "", text: textOf(block["content"]) }));
}

/** Tools of another type run at the provider, which a simulator cannot do. */
function isOwnTool({ type }: JsonObject): boolean {
  return type === undefined || type === null || type === "custom";
}

function tool(sent: JsonObject): Tool {
  return { name: string(sent["name"]), schema: sent["input_schema"] ?? { type: "object" } };
}

function toolChoice(choice: JsonObject): ToolChoice {
  if (choice["type"] === "tool") return { kind: "named", name: string(choice["name"]) };
  return { kind: choice["type"] === "any" ? "required" : choice["type"] === "none" ? "none" : "auto" };
}

function format(wanted: JsonObject): Format {
  return wanted["type"] === "json_schema" ? { kind: "json", schema: wanted["schema"] } : { kind: "text" };
}

function reasoningTokensMax(thinking: JsonObject): number | undefined {
  if (thinking["type"] === "adaptive") return Number.MAX_SAFE_INTEGER;
  return thinking["type"] === "enabled" ? (number(thinking["budget_tokens"]) ?? budgetTokensMin) : undefined;
}

type Block =
  | { readonly type: "thinking"; readonly thinking: string; readonly signature: string }
  | { readonly type: "text"; readonly text: string }
  | {
      readonly type: "tool_use";
      readonly id: string;
      readonly name: string;
      readonly input: unknown;
      readonly caller: object;
    };

function blocks({ answer, seed }: Exchange): Block[] {
  const signature = Buffer.from(`${identifier(seed, "signature", 32)}${seed}`).toString("base64");
  const uses = answer.calls.map((call, at) => ({
    type: "tool_use" as const,
    id: `toolu_01${identifier(seed, `call ${at}`, 22)}`,
    name: call.name,
    input: JSON.parse(call.arguments) as unknown,
    caller: { type: "direct" },
  }));
  const thinking = { type: "thinking" as const, thinking: answer.reasoning.join(""), signature };
  const text = { type: "text" as const, text: answer.text.join("") };
  return [
    ...(thinking.thinking === "" ? [] : [thinking]),
    ...(text.text === "" || answer.ending === "refusal" ? [] : [text]),
    ...uses,
  ];
}

function message(exchange: Exchange) {
  const { ask, seed } = exchange;
  return { model: ask.model, id: `msg_01${identifier(seed, "id", 22)}`, type: "message", role: "assistant" };
}

function usage({ ask, answer }: Exchange, outputTokens: number) {
  const thinking = answer.reasoning.length;
  return {
    input_tokens: ask.inputTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: outputTokens,
    ...(thinking > 0 && outputTokens > 1 ? { output_tokens_details: { thinking_tokens: thinking } } : {}),
  };
}

const serving = {
  cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
  service_tier: "standard",
  inference_geo: "not_available",
};

function ended({ ending, stopSequence, text }: Answer) {
  const details = { type: "refusal", category: null, explanation: text.join("") };
  return {
    stop_reason: stopReasons[ending],
    stop_sequence: stopSequence ?? null,
    stop_details: ending === "refusal" ? details : null,
  };
}

function whole(exchange: Exchange): unknown {
  const { answer } = exchange;
  return {
    ...message(exchange),
    content: blocks(exchange),
    ...ended(answer),
    usage: { ...usage(exchange, answer.outputTokens), ...serving },
  };
}

function event(type: string, fields: object, tokens = 0): Frame {
  return { text: `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`, tokens };
}

function* frames(exchange: Exchange): Generator<Frame> {
  const { answer } = exchange;
  const open = { content: [], stop_reason: null, stop_sequence: null, stop_details: null };
  const started = { ...message(exchange), ...open, usage: { ...usage(exchange, 1), ...serving } };
  yield event("message_start", { message: started });
  for (const [index, block] of blocks(exchange).entries()) {
    yield event("content_block_start", { index, content_block: emptied(block) });
    if (index === 0) yield event("ping", {});
    const delta = (piece: object, tokens = 1) => event("content_block_delta", { index, delta: piece }, tokens);
    if (block.type === "tool_use") yield* inputDeltas(block.input, delta);
    else if (block.type === "text") for (const text of answer.text) yield delta({ type: "text_delta", text });
    else {
      for (const thinking of answer.reasoning) yield delta({ type: "thinking_delta", thinking });
      yield delta({ type: "signature_delta", signature: block.signature }, 0);
    }
    yield event("content_block_stop", { index });
  }
  yield event("message_delta", { delta: ended(answer), usage: usage(exchange, answer.outputTokens) });
  yield event("message_stop", {});
}

function emptied(block: Block): Block {
  if (block.type === "tool_use") return { ...block, input: {} };
  return block.type === "text" ? { type: "text", text: "" } : { type: "thinking", thinking: "", signature: "" };
}

/** A tool without arguments gets the empty delta alone: so the provider does. */
function* inputDeltas(input: unknown, delta: (piece: object) => Frame): Generator<Frame> {
  yield delta({ type: "input_json_delta", partial_json: "" });
  const json = JSON.stringify(input);
  if (json === "{}") return;
  for (const partial_json of fragmentsOf(json)) yield delta({ type: "input_json_delta", partial_json });
}
