import type { Ending } from "./answer.ts";
import type { Ask, Format, ToolChoice, ToolResult } from "./ask.ts";
import { doubtAws } from "./aws-signature.ts";
import { bedrockEvent } from "./bedrock-event.ts";
import { bedrockFault, bedrockRequestId, exceptionFrame } from "./bedrock-fault.ts";
import { bedrockTarget, plainName } from "./bedrock-path.ts";
import { demandConversation } from "./converse-demands.ts";
import { type Asking, BadRequest, type Dialect, type Exchange, type Frame } from "./dialect.ts";
import { identifier } from "./identifier.ts";
import { type JsonObject, list, number, object, string } from "./json.ts";
import { countTokens, fragmentsOf } from "./tokens.ts";

const attachments = ["image", "document", "video", "audio"];
const stopReasons: Readonly<Record<Ending, string>> = {
  stop: "end_turn",
  "stop-sequence": "stop_sequence",
  length: "max_tokens",
  tools: "tool_use",
  refusal: "content_filtered",
};

/** Converse and ConverseStream as Amazon Bedrock speaks them, with AWS's binary event stream. */
export const converse: Dialect = {
  name: "converse",
  mark: undefined,
  doubt: doubtAws,
  streamType: "application/vnd.amazon.eventstream",
  operation: (method, path) => {
    const operation = method === "POST" ? bedrockTarget(path)?.operation : undefined;
    if (operation === "count-tokens") return "count";
    return operation === "converse" || operation === "converse-stream" ? "generate" : undefined;
  },
  model: (_body, path) => plainName(bedrockTarget(path)?.model ?? ""),
  read: (body, asking) => read(asking.operation === "count" ? counted(body) : body, asking),
  whole,
  frames,
  count: (inputTokens) => ({ inputTokens }),
  models: () => ({}),
  requestId: bedrockRequestId,
  headers: (requestId) => ({ "x-amzn-requestid": requestId }),
  fault: bedrockFault,
  faultFrame: exceptionFrame,
};

/** What is to be counted: a conversation, or the bytes of a request in a model's own format. */
function counted(body: JsonObject): JsonObject {
  const { converse: conversation, invokeModel } = object(body["input"]);
  if (invokeModel === undefined) return object(conversation);
  const text = Buffer.from(string(object(invokeModel)["body"]), "base64").toString();
  return { messages: [{ role: "user", content: [{ text }] }] };
}

function read(body: JsonObject, { path }: Asking): Ask {
  const { model = "", operation } = bedrockTarget(path) ?? {};
  const turns = list(body["messages"]).map(object);
  const tools = object(body["toolConfig"]);
  demandConversation(turns, tools);
  const asked = turns.findLast((turn) => turn["role"] === "user" && textOf(turn["content"]) !== "");
  const settings = object(body["inferenceConfig"]);
  return {
    model,
    stream: operation === "converse-stream",
    prompt: textOf(asked?.["content"]),
    attachments: list(asked?.["content"]).flatMap((block) => attachments.filter((kind) => kind in object(block))),
    toolResults: toolResults(turns),
    tools: list(tools["tools"])
      .map((tool) => object(object(tool)["toolSpec"]))
      .filter((spec) => string(spec["name"]) !== "")
      .map((spec) => ({ name: string(spec["name"]), schema: object(spec["inputSchema"])["json"] })),
    toolChoice: toolChoice(object(tools["toolChoice"])),
    parallelTools: true,
    announcesTools: true,
    format: format(object(object(body["outputConfig"])["textFormat"])),
    outputTokensMax: number(settings["maxTokens"]),
    stops: list(settings["stopSequences"]).map(string),
    reasoningTokensMax: reasoningTokensMax(object(body["additionalModelRequestFields"])),
    inputTokens: turns.length * 4 + countTokens([turns, body["system"], tools, body["outputConfig"]]),
  };
}

function textOf(content: unknown): string {
  const texts = list(content).map((block) => {
    const { text, guardContent } = object(block);
    return string(text) || string(object(object(guardContent)["text"])["text"]);
  });
  return texts.filter((text) => text !== "").join("\n");
}

function toolResults(turns: readonly JsonObject[]): ToolResult[] {
  const blocks = turns.flatMap((turn) => list(turn["content"]).map(object));
  const uses = blocks.map((block) => object(block["toolUse"]));
  const names = new Map(uses.map((use) => [use["toolUseId"], string(use["name"])]));
  const last = list(turns.at(-1)?.["content"]).flatMap((block) => object(block)["toolResult"] ?? []);
  return last.map(object).map((result) => ({ name: names.get(result["toolUseId"]) ?? "", text: resultText(result) }));
}

function resultText({ content }: JsonObject): string {
  const pieces = list(content).map((piece) => {
    const { text, json } = object(piece);
    return json === undefined ? string(text) : JSON.stringify(json);
  });
  return pieces.filter((piece) => piece !== "").join("\n");
}

function toolChoice(choice: JsonObject): ToolChoice {
  if ("tool" in choice) return { kind: "named", name: string(object(choice["tool"])["name"]) };
  return { kind: "any" in choice ? "required" : "auto" };
}

function format({ structure }: JsonObject): Format {
  const schema = string(object(object(structure)["jsonSchema"])["schema"]);
  if (schema === "") return { kind: "text" };
  try {
    return { kind: "json", schema: JSON.parse(schema) };
  } catch {
    throw new BadRequest("The value at outputConfig.textFormat.structure.jsonSchema.schema is not valid JSON.");
  }
}

/** In the formats of Anthropic, Amazon and OpenAI. */
function reasoningTokensMax({ thinking, reasoningConfig, reasoning_effort }: JsonObject): number | undefined {
  const { type = object(reasoningConfig)["type"], budget_tokens } = object(thinking);
  const thinks = type === "enabled" || type === "adaptive" || reasoning_effort !== undefined;
  return thinks ? (number(budget_tokens) ?? Number.MAX_SAFE_INTEGER) : undefined;
}

interface Call {
  readonly toolUseId: string;
  readonly name: string;
  readonly json: string;
}

function calls({ answer, seed }: Exchange): Call[] {
  return answer.calls.map((call, at) => ({
    toolUseId: `tooluse_${identifier(seed, `call ${at}`, 22)}`,
    name: call.name,
    json: call.arguments,
  }));
}

function signatureOf({ seed }: Exchange): string {
  return Buffer.from(`${identifier(seed, "signature", 32)}${seed}`).toString("base64");
}

function usage({ ask, answer }: Exchange) {
  const { outputTokens } = answer;
  return { inputTokens: ask.inputTokens, outputTokens, totalTokens: ask.inputTokens + outputTokens };
}

function stopped({ answer, body }: Exchange) {
  const wanted = list(body["additionalModelResponseFieldPaths"]).includes("/stop_sequence");
  const fields = { additionalModelResponseFields: { stop_sequence: answer.stopSequence ?? null } };
  return { ...(wanted ? fields : {}), stopReason: stopReasons[answer.ending] };
}

const metrics = { latencyMs: 1 };

function whole(exchange: Exchange): unknown {
  const { answer } = exchange;
  const [reasoning, text] = [answer.reasoning.join(""), answer.text.join("")];
  const thought = { reasoningContent: { reasoningText: { text: reasoning, signature: signatureOf(exchange) } } };
  const content = [
    ...(reasoning === "" ? [] : [thought]),
    ...(text === "" ? [] : [{ text }]),
    ...calls(exchange).map(({ toolUseId, name, json }) => ({ toolUse: { toolUseId, name, input: JSON.parse(json) } })),
  ];
  return { metrics, output: { message: { content, role: "assistant" } }, ...stopped(exchange), usage: usage(exchange) };
}

/** Text and reasoning begin with their first delta: only a tool's call is announced. */
function* frames(exchange: Exchange): Generator<Frame> {
  const { answer } = exchange;
  let contentBlockIndex = 0;
  const delta = (piece: object, tokens = 1) =>
    bedrockEvent("contentBlockDelta", { contentBlockIndex, delta: piece }, tokens);
  const stop = () => bedrockEvent("contentBlockStop", { contentBlockIndex: contentBlockIndex++ });
  yield bedrockEvent("messageStart", { role: "assistant" });
  if (answer.reasoning.length > 0) {
    for (const text of answer.reasoning) yield delta({ reasoningContent: { text } });
    yield delta({ reasoningContent: { signature: signatureOf(exchange) } }, 0);
    yield stop();
  }
  if (answer.text.length > 0) {
    for (const text of answer.text) yield delta({ text });
    yield stop();
  }
  for (const { toolUseId, name, json } of calls(exchange)) {
    yield bedrockEvent("contentBlockStart", { contentBlockIndex, start: { toolUse: { name, toolUseId } } });
    yield delta({ toolUse: { input: "" } });
    for (const input of json === "{}" ? [] : fragmentsOf(json)) yield delta({ toolUse: { input } });
    yield stop();
  }
  yield bedrockEvent("messageStop", stopped(exchange));
  yield bedrockEvent("metadata", { metrics, usage: usage(exchange) });
}
