import type { ContentPart, ReasoningPart, ToolCall } from "../../../gen/llmhub/v1/content_pb.ts";
import { parseExactObject } from "../field.ts";
import type { Entry } from "../groups.ts";
import { toolInput } from "../tool-input.ts";
import { renderDocument, renderMedia } from "./media.ts";
import type { Rendering } from "./rendering.ts";
import { renderResult } from "./tool-result.ts";
import type { Part } from "./wire.ts";

/** The parts of one turn. Media that belongs to results of functions follows all of them. */
export function renderParts(entries: readonly Entry[], rendering: Rendering): Part[] {
  const parts: Part[] = [];
  const beside: Part[] = [];
  for (const { part, path } of entries) {
    warnLosses(part, path, rendering);
    const rendered = renderPart(part, path, rendering, beside);
    const options = rendering.options(part.providerOptions);
    const [first, ...others] = rendered;
    if (first !== undefined) parts.push({ ...first, ...options }, ...others);
  }
  const results = parts.findLastIndex((part) => part["functionResponse"] !== undefined);
  return parts.toSpliced(results + 1, 0, ...beside);
}

function warnLosses({ citations, cacheHint }: ContentPart, path: string, rendering: Rendering): void {
  if (citations.length > 0) rendering.dropped(`${path}.citations`, "citations of earlier answers are not sent back");
  if (cacheHint !== undefined) warnCacheHint(path, rendering);
}

/** Says that the place of a hint is lost. `path` is that of what carries it. */
export function warnCacheHint(path: string, rendering: Rendering): void {
  const mend = "a cache made before is named by cachedContent in provider_options";
  rendering.ignored(`${path}.cache_hint`, `the provider caches prompts by itself; ${mend}`);
}

function renderPart(content: ContentPart, path: string, rendering: Rendering, beside: Part[]): Part[] {
  const { part, signature } = content;
  const isForeign = signature !== undefined && !rendering.isSigner(signature.provider);
  const isSigned = !isForeign && signature !== undefined && signature.value !== "";
  const proof = isSigned ? { thoughtSignature: signature.value } : {};
  if (isForeign && part.case !== "reasoning") {
    rendering.warn("SIGNATURE_DROPPED", `${path}.signature`, "the signature is another provider's");
  }
  switch (part.case) {
    case "text":
    case "refusal":
      return part.value === "" && !isSigned ? [] : [{ text: part.value, ...proof }];
    case "reasoning":
      return renderReasoning(part.value, signature !== undefined && !isForeign, proof, path, rendering);
    case "media":
      return [{ ...renderMedia(part.value, `${path}.media`, rendering), ...proof }];
    case "document":
      return renderDocument(part.value, path, rendering);
    case "toolCall":
      return renderCall(part.value, proof, path, rendering);
    case "toolResult": {
      const result = renderResult(part.value, path, rendering);
      beside.push(...result.beside);
      return [result.response];
    }
    case "providerPart":
      if (!rendering.isSigner(part.value.provider)) return dropped(path, "the block is another provider's", rendering);
      return [ownPart(part.value.json, path, rendering)];
    default:
      return [];
  }
}

function dropped(path: string, message: string, rendering: Rendering): [] {
  rendering.dropped(path, message);
  return [];
}

/** A signature, even an empty one, says whose reasoning it is. */
function renderReasoning(
  { text }: ReasoningPart,
  isOwn: boolean,
  proof: Part,
  path: string,
  rendering: Rendering,
): Part[] {
  if (!isOwn) return dropped(path, "the reasoning is not the target's own", rendering);
  return text === "" && Object.keys(proof).length === 0 ? [] : [{ text, thought: true, ...proof }];
}

function renderCall(call: ToolCall, proof: Part, path: string, rendering: Rendering): Part[] {
  if (call.providerExecuted) return dropped(path, "another provider ran this tool itself", rendering);
  const args = toolInput(call.argumentsJson, `${path}.tool_call.arguments_json`, rendering);
  const id = call.id === "" ? {} : { id: call.id };
  return [{ functionCall: { ...id, name: call.name, args }, ...proof }];
}

function ownPart(json: string, path: string, rendering: Rendering): Part {
  const part = parseExactObject(json);
  if (part === undefined) throw rendering.invalid(`${path}.provider_part.json`, "must be the JSON text of an object");
  return part;
}
