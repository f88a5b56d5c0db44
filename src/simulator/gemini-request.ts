import type { Ask, Format, Tool, ToolChoice, ToolResult } from "./ask.ts";
import { type Asking, BadRequest } from "./dialect.ts";
import { type JsonObject, list, number, object, string, textsIn } from "./json.ts";
import { countTokens } from "./tokens.ts";

const stopsMax = 5;
const roles: readonly unknown[] = ["user", "model", "function", undefined];
const place = /(?:^|\/)models\/(.+):([A-Za-z]+)$/;

/** Model and operation in a path such as ".../models/gemini:generateContent"; undefined for any other. */
export function modelCall(path: string): { readonly model: string; readonly verb: string } | undefined {
  const [, model, verb] = place.exec(path) ?? [];
  return model === undefined || verb === undefined ? undefined : { model, verb };
}

/** A request of generateContent, streamGenerateContent or countTokens, where it may stand within another. */
export function readRequest(given: JsonObject, { path }: Asking): Ask {
  const { model = "", verb } = modelCall(path) ?? {};
  const inner = given["generateContentRequest"];
  const body = inner === undefined ? given : object(inner);
  const contents = list(body["contents"]).map(object);
  const config = object(body["generationConfig"]);
  demand(contents, config);
  const asked = contents.findLast((content) => content["role"] !== "model" && textOf(content) !== "");
  return {
    model,
    stream: verb === "streamGenerateContent",
    prompt: textOf(asked ?? {}),
    attachments: partsOf(asked ?? {}).flatMap(attachmentOf),
    toolResults: partsOf(contents.at(-1) ?? {}).flatMap(toolResultOf),
    tools: list(body["tools"]).flatMap((tool) => list(object(tool)["functionDeclarations"]).map(toolOf)),
    toolChoice: toolChoice(object(object(body["toolConfig"])["functionCallingConfig"])),
    parallelTools: true,
    announcesTools: false,
    format: format(config),
    outputTokensMax: number(config["maxOutputTokens"]),
    stops: list(config["stopSequences"]).map(string),
    reasoningTokensMax: reasoningTokensMax(object(config["thinkingConfig"])),
    inputTokens: contents.length * 4 + countTokens([contents, body["systemInstruction"], body["tools"]]),
  };
}

/** The parts of a content. */
export function partsOf(content: JsonObject): JsonObject[] {
  return list(content["parts"]).map(object);
}

function demand(contents: readonly JsonObject[], config: JsonObject): void {
  if (contents.length === 0) {
    throw new BadRequest("* GenerateContentRequest.contents: contents is not specified\n", "contents");
  }
  const stray = contents.find(({ role }) => !roles.includes(role));
  if (stray !== undefined) throw new BadRequest("Please use a valid role: user, model.");
  for (const [at, content] of contents.entries()) {
    const calls = partsOf(content).filter((part) => part["functionCall"] !== undefined).length;
    const next = contents[at + 1];
    if (calls === 0 || next === undefined) continue;
    const results = partsOf(next).filter((part) => part["functionResponse"] !== undefined).length;
    if (results === calls) continue;
    throw new BadRequest(
      "Please ensure that the number of function response parts is equal to the number of function call parts of the " +
        "function call turn.",
    );
  }
  const tokensMax = number(config["maxOutputTokens"]);
  if (tokensMax !== undefined && tokensMax < 1) throw new BadRequest("max_output_tokens must be positive.");
  if (list(config["stopSequences"]).length > stopsMax) {
    throw new BadRequest(
      `* GenerateContentRequest.generation_config.stop_sequences: at most ${stopsMax} are supported\n`,
    );
  }
}

function textOf(content: JsonObject): string {
  return textsIn(partsOf(content));
}

function attachmentOf(part: JsonObject): string[] {
  const data = object(part["inlineData"] ?? part["fileData"]);
  const type = string(data["mimeType"]);
  if (type === "") return [];
  return [/^(image|audio|video)\//.exec(type)?.[1] ?? "document"];
}

function toolResultOf(part: JsonObject): ToolResult[] {
  if (part["functionResponse"] === undefined) return [];
  const { name, response } = object(part["functionResponse"]);
  const { output, error } = object(response);
  const value = output ?? error ?? response;
  return [{ name: string(name), text: typeof value === "string" ? value : JSON.stringify(value) }];
}

function toolOf(declaration: unknown): Tool {
  const { name, parameters, parametersJsonSchema } = object(declaration);
  return { name: string(name), schema: parametersJsonSchema ?? lowered(parameters) ?? { type: "object" } };
}

function toolChoice(config: JsonObject): ToolChoice {
  const names = list(config["allowedFunctionNames"]).map(string);
  const [only] = names;
  if (config["mode"] === "NONE") return { kind: "none" };
  if (config["mode"] !== "ANY") return { kind: "auto" };
  return names.length === 1 && only !== undefined ? { kind: "named", name: only } : { kind: "required" };
}

function format(config: JsonObject): Format {
  if (config["responseMimeType"] !== "application/json") return { kind: "text" };
  return { kind: "json", schema: config["responseJsonSchema"] ?? lowered(config["responseSchema"]) };
}

function reasoningTokensMax({ thinkingBudget, thinkingLevel, includeThoughts }: JsonObject): number | undefined {
  const budget = number(thinkingBudget);
  if (budget === 0) return undefined;
  if (budget !== undefined && budget > 0) return budget;
  return budget === -1 || thinkingLevel !== undefined || includeThoughts === true ? Number.MAX_SAFE_INTEGER : undefined;
}

/** A schema of Google's own form as JSON Schema: the types are in capitals there. */
function lowered(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(lowered);
  if (typeof schema !== "object" || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [
      key,
      key === "type" && typeof value === "string" ? value.toLowerCase() : key === "enum" ? value : lowered(value),
    ]),
  );
}
