import type { ContentPart, ReasoningPart, ToolCall, ToolResult } from "../../../gen/llmhub/v1/content_pb.ts";
import { fitCallId } from "../call-ids.ts";
import { objectOf, parseExactObject } from "../field.ts";
import { toolInput } from "../tool-input.ts";
import { renderDocument, renderMedia } from "./media.ts";
import { signerOf } from "./model-id.ts";
import type { Rendering } from "./rendering.ts";
import type { Block } from "./wire.ts";

/** Longest id and longest name of a tool. */
const idCharsMax = 64;

/**
 * The block for one part, or undefined where nothing is to be sent: the API refuses blank text, and what another provider
 * signed means nothing here.
 */
export function renderBlock(content: ContentPart, path: string, rendering: Rendering): Block | undefined {
  const block = blockOf(content, path, rendering);
  const options = rendering.options(content.providerOptions);
  if (block === undefined || Object.keys(options).length === 0) return block;
  const [member = ""] = Object.keys(block);
  const inner = objectOf(block[member]);
  if (inner !== undefined) return { [member]: { ...inner, ...options } };
  rendering.ignored(`${path}.provider_options`, "text takes no options");
  return block;
}

function blockOf({ part, signature }: ContentPart, path: string, rendering: Rendering): Block | undefined {
  const isForeign = signature !== undefined && signature.provider !== signerOf(rendering.target);
  switch (part.case) {
    case "text":
    case "refusal":
      if (isForeign) rendering.signatureDropped(path);
      return textBlock(part.value, path, rendering);
    case "media":
      return renderMedia(part.value, path, rendering);
    case "document":
      return renderDocument(part.value, path, rendering);
    case "toolCall":
      if (isForeign) rendering.signatureDropped(path);
      return callBlock(part.value, path, rendering);
    case "toolResult":
      return resultBlock(part.value, path, rendering);
    case "reasoning":
      return isForeign
        ? rendering.dropped(path, "the reasoning is signed by another provider, or by another vendor's model")
        : reasoningBlock(part.value, signature?.value ?? "", path, rendering);
    case "providerPart":
      if (!rendering.isOwn(part.value.provider)) return rendering.dropped(path, "the block is another provider's");
      return ownBlock(part.value.json, path, rendering);
    default:
      return undefined;
  }
}

function textBlock(text: string, path: string, rendering: Rendering): Block | undefined {
  if (text.trim() !== "") return { text };
  return text === "" ? undefined : rendering.dropped(path, "text of nothing but white space is refused");
}

function callBlock(call: ToolCall, path: string, rendering: Rendering): Block | undefined {
  if (call.providerExecuted) return rendering.dropped(path, "another provider ran this tool itself");
  const input = toolInput(call.argumentsJson, `${path}.tool_call.arguments_json`, rendering);
  return { toolUse: { toolUseId: fitCallId(call.id, idCharsMax), name: nameOf(call.name, path, rendering), input } };
}

function nameOf(name: string, path: string, rendering: Rendering): string {
  const fit = name.replace(/[^a-zA-Z0-9_-]/g, "_").slice(0, idCharsMax);
  if (fit !== name) {
    rendering.changed(`${path}.tool_call.name`, "the name of a tool has at most 64 letters, digits, _ and -");
  }
  return fit;
}

function resultBlock(result: ToolResult, path: string, rendering: Rendering): Block {
  const content = result.content.flatMap(({ part }, index): Block[] => {
    const place = `${path}.tool_result.content[${index}]`;
    if (part.case === "media") return [renderMedia(part.value, place, rendering, true)];
    if (part.case === "document") return [renderDocument(part.value, place, rendering)];
    // JSON other than an object is refused under the name.
    const json = part.case === "json" ? parseExactObject(part.value) : undefined;
    const block = json === undefined ? textBlock(part.value ?? "", place, rendering) : { json };
    return block === undefined ? [] : [block];
  });
  return {
    toolResult: {
      toolUseId: fitCallId(result.toolCallId, idCharsMax),
      content,
      ...(result.isError ? { status: "error" } : {}),
    },
  };
}

function reasoningBlock(
  { text, encryptedContent }: ReasoningPart,
  signature: string,
  path: string,
  rendering: Rendering,
): Block | undefined {
  if (encryptedContent !== "") return { reasoningContent: { redactedContent: encryptedContent } };
  if (signature !== "") return { reasoningContent: { reasoningText: { text, signature } } };
  return rendering.dropped(path, "reasoning without a signature is refused");
}

function ownBlock(json: string, path: string, rendering: Rendering): Block {
  const block = parseExactObject(json);
  if (block === undefined || Object.keys(block).length !== 1) {
    throw rendering.invalid(`${path}.provider_part.json`, "must be the JSON text of an object with one member");
  }
  return block;
}
