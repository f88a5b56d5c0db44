import type { JsonObject } from "@bufbuild/protobuf";
import type { TokenLogprob } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Citation, ContentPart, PartSignature, ToolCall } from "../../../gen/llmhub/v1/content_pb.ts";
import { CodePoints } from "../../model/code-points.ts";
import { parseExactObject } from "../../protocols/field.ts";
import { base64Of, mimeTypeOf } from "../../protocols/media-source.ts";
import { echoIn } from "../../protocols/responses/echo.ts";
import { family } from "../../protocols/responses/wire.ts";
import { logprobOf } from "../chat/answer.ts";
import { seal } from "../seal.ts";

/** An item of the output. */
export type Item = JsonObject & { readonly type: string; readonly id: string };

/** Types of items that clients of the API know, whoever made them. Messages, calls and reasoning are not among them. */
const itemTypes: ReadonlySet<string> = new Set([
  "apply_patch_call",
  "code_interpreter_call",
  "compaction",
  "computer_call",
  "custom_tool_call",
  "file_search_call",
  "image_generation_call",
  "local_shell_call",
  "mcp_approval_request",
  "mcp_call",
  "mcp_list_tools",
  "shell_call",
  "shell_call_output",
  "tool_search_call",
  "tool_search_output",
  "web_search_call",
]);

/** Ids of pictures of models that make them by themselves; OpenAI's own begin otherwise. */
export const imageIds = /^ig_cmp_/;

/** Ids of the items of one answer. */
export class ItemIds {
  readonly #id: string;

  /** @param id that of the answer, "cmp_…". */
  constructor(id: string) {
    this.#id = id;
  }

  /** `index` is the position in the output. */
  at(prefix: "msg" | "fc" | "rs" | "ig", index: number): string {
    return `${prefix}_${this.#id}_${index}`;
  }
}

/** What the model says, before it says anything. */
export function messageItem(id: string): Item & { status: string; content: JsonObject[] } {
  return { id, type: "message", status: "in_progress", role: "assistant", content: [] };
}

/** One part of a message. */
export function textContent(text: string, annotations: JsonObject[], logprobs: readonly TokenLogprob[]): JsonObject {
  return { type: "output_text", text, annotations, logprobs: logprobsOf(logprobs) };
}

/**
 * Says which tokens make up which text, by their length; the last text has what is left. Tokens of refusals stand nowhere.
 */
export function placeLogprobs(output: readonly Item[], logprobs: readonly TokenLogprob[]): void {
  if (logprobs.length === 0) return;
  const contents = output.flatMap(({ type, content }) => (type === "message" ? (content as JsonObject[]) : []));
  const last = contents.findLast(({ type }) => type === "output_text");
  let told = 0;
  for (const content of contents) {
    const text = String(content["text"] ?? content["refusal"]);
    const start = told;
    for (let length = 0; length < text.length && told < logprobs.length; told++)
      length += logprobs[told]?.token.length ?? 0;
    if (content === last) told = logprobs.length;
    if (content["text"] !== undefined) content["logprobs"] = logprobsOf(logprobs.slice(start, told));
    if (content === last) return;
  }
}

function logprobsOf(logprobs: readonly TokenLogprob[]): JsonObject[] {
  return logprobs.map((logprob) => logprobOf(logprob) as JsonObject);
}

/** The field that brings back the signature of a part of a message; undefined where it has none. */
export function phaseOf(signature: PartSignature): string | undefined {
  if (signature.provider !== family) return undefined;
  const { phase = "" } = echoIn(signature);
  return phase === "" ? undefined : phase;
}

/** A call of a function of the caller's. */
export function callItem(id: string, call: ToolCall, { providerOptions }: ContentPart, status: string): Item {
  const extras: JsonObject = Object.assign({}, ...Object.values(providerOptions));
  const { namespace, caller } = extras;
  return {
    id,
    type: "function_call",
    status,
    call_id: call.id,
    name: call.name,
    arguments: call.argumentsJson,
    ...(typeof namespace === "string" ? { namespace } : {}),
    ...(caller === undefined ? {} : { caller }),
  };
}

/**
 * Reasoning: what can be read of it is the summary, which is what clients show and give back, and the seal tells what it
 * was. `signature` and `encrypted` win over those of the part.
 */
export function reasoningItem(id: string, text: string, part: ContentPart): Item {
  const { encryptedContent = "", summary = false } = part.part.case === "reasoning" ? part.part.value : {};
  return {
    id,
    type: "reasoning",
    summary: text === "" ? [] : [{ type: "summary_text", text }],
    encrypted_content: seal({ signature: part.signature, encrypted: encryptedContent, summary }),
  };
}

/** The signature of a call, or of the last part of a message: by the id of the call or of the item. */
export function signatureItem(id: string, signature: PartSignature, callId: string): Item {
  return { id, type: "reasoning", summary: [], encrypted_content: seal({ signature, callId }) };
}

/** A part that does not grow: a picture, an item of the provider's own, or sealed where the API has no form for it. */
export function wholeItem(ids: ItemIds, index: number, content: ContentPart): Item {
  const { part } = content;
  if (part.case === "media") {
    const [kind, format = ""] = mimeTypeOf(part.value).split("/");
    const result = base64Of(part.value);
    if (kind === "image" && result !== undefined) {
      const id = ids.at("ig", index);
      return { id, type: "image_generation_call", status: "completed", result, output_format: format };
    }
  }
  if (part.case === "providerPart" && itemTypes.has(part.value.kind)) {
    const item = parseExactObject(part.value.json);
    if (item !== undefined) return { ...item, type: part.value.kind, id: String(item["id"] ?? ids.at("ig", index)) };
  }
  return { id: ids.at("rs", index), type: "reasoning", summary: [], encrypted_content: seal({ part: content }) };
}

/** Where a text comes from: pages of the web, or documents by their id. Other sources have no form in this API. */
export function annotationsOf(citations: readonly Citation[], text: string): JsonObject[] {
  const isOpen = citations.some(({ endCodePoint }) => endCodePoint === undefined);
  const length = isOpen ? new CodePoints(text).count : 0;
  return citations.flatMap(({ source, title, startCodePoint, endCodePoint }): JsonObject[] => {
    const end = endCodePoint ?? length;
    if (source.case === "uri") {
      return [{ type: "url_citation", start_index: startCodePoint ?? 0, end_index: end, title, url: source.value }];
    }
    if (source.case !== "documentId") return [];
    return [{ type: "file_citation", file_id: source.value, filename: title, index: end }];
  });
}
