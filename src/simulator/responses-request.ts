import type { Ask, Format, ToolChoice, ToolResult } from "./ask.ts";
import { BadRequest } from "./dialect.ts";
import { type JsonObject, list, number, object, string, textsIn } from "./json.ts";
import { countTokens } from "./tokens.ts";

const outputTokensMin = 16;
const attachments: Readonly<Record<string, string>> = { input_image: "image", input_file: "document" };

/** Takes a request of the Responses API apart. Throws BadRequest for what OpenAI would turn down. */
export function readResponses(body: JsonObject): Ask {
  const { input } = body;
  const items = typeof input === "string" ? [{ role: "user", content: input }] : list(input).map(object);
  if (string(body["model"]) === "") throw new BadRequest("you must provide a model parameter");
  if (items.length === 0) throw new BadRequest("Missing required parameter: 'input'.", "input");
  const outputTokensMax = number(body["max_output_tokens"]);
  if (outputTokensMax !== undefined && outputTokensMax < outputTokensMin) {
    const found = `Expected a value >= ${outputTokensMin}, but got ${outputTokensMax} instead.`;
    throw new BadRequest(`Invalid 'max_output_tokens': integer below minimum value. ${found}`, "max_output_tokens");
  }
  demandOrder(items);
  const asked = items.findLast((item) => item["role"] === "user" && textsIn(item["content"]) !== "");
  const effort = string(object(body["reasoning"])["effort"]);
  return {
    model: string(body["model"]),
    stream: body["stream"] === true,
    prompt: textsIn(asked?.["content"]),
    attachments: list(asked?.["content"]).flatMap((part) => attachments[string(object(part)["type"])] ?? []),
    toolResults: toolResults(items),
    tools: list(body["tools"])
      .map(object)
      .filter((tool) => tool["type"] === "function" && string(tool["name"]) !== "")
      .map((tool) => ({ name: string(tool["name"]), schema: tool["parameters"] ?? { type: "object" } })),
    toolChoice: toolChoice(body["tool_choice"]),
    parallelTools: body["parallel_tool_calls"] !== false,
    announcesTools: false,
    format: format(object(object(body["text"])["format"])),
    outputTokensMax,
    stops: [],
    reasoningTokensMax: effort === "" || effort === "none" ? undefined : Number.MAX_SAFE_INTEGER,
    inputTokens: items.length * 4 + countTokens([items, body["instructions"], body["tools"], body["text"]]),
  };
}

/** Reasoning must be followed by what it led to, and results by no other than their own call. */
function demandOrder(items: readonly JsonObject[]): void {
  const calls = new Set(items.filter(({ type }) => type === "function_call").map((item) => item["call_id"]));
  for (const [at, item] of items.entries()) {
    const next = items[at + 1];
    const isLed = next?.["role"] === "assistant" || (next?.["type"] !== undefined && next["type"] !== "message");
    if (item["type"] === "reasoning" && !isLed) {
      const id = string(item["id"]);
      throw new BadRequest(
        `Item '${id}' of type 'reasoning' was provided without its required following item.`,
        "input",
      );
    }
    if (item["type"] === "function_call_output" && !calls.has(item["call_id"])) {
      const id = string(item["call_id"]);
      throw new BadRequest(`No tool call found for function call output with call_id ${id}.`, "input");
    }
  }
}

function toolResults(items: readonly JsonObject[]): ToolResult[] {
  const last = items.findLastIndex(({ type }) => type !== "function_call_output");
  const calls = items.filter(({ type }) => type === "function_call");
  const names = new Map(calls.map((call) => [call["call_id"], string(call["name"])]));
  return items.slice(last + 1).map((item) => ({
    name: names.get(item["call_id"]) ?? "",
    text: textsIn(item["output"]),
  }));
}

function toolChoice(choice: unknown): ToolChoice {
  if (choice === "none" || choice === "required") return { kind: choice };
  const name = string(object(choice)["name"]);
  return name === "" ? { kind: "auto" } : { kind: "named", name };
}

function format(wanted: JsonObject): Format {
  if (wanted["type"] === "json_object") return { kind: "json", schema: undefined };
  if (wanted["type"] !== "json_schema") return { kind: "text" };
  const { schema } = wanted;
  if (schema === undefined)
    throw new BadRequest("Missing required parameter: 'text.format.schema'.", "text.format.schema");
  return { kind: "json", schema };
}
