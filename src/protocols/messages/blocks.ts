import type { ContentPart, ReasoningPart, ToolCall, ToolResult } from "../../../gen/llmhub/v1/content_pb.ts";
import { fitCallId } from "../call-ids.ts";
import { parseExactObject } from "../field.ts";
import { toolInput } from "../tool-input.ts";
import { renderDocument, renderMedia } from "./media.ts";
import type { Rendering } from "./rendering.ts";
import type { Block } from "./wire.ts";

/**
 * The block for one part, or undefined where nothing is to be sent: the API refuses blank text, and what another provider
 * signed means nothing here.
 */
export function renderBlock(content: ContentPart, path: string, rendering: Rendering): Block | undefined {
  const { part, signature } = content;
  const isForeign = signature !== undefined && !rendering.isOwn(signature.provider);
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
        ? rendering.dropped(path, "the reasoning is signed by another provider")
        : reasoningBlock(part.value, signature?.value ?? "", path, rendering);
    case "providerPart":
      if (!rendering.isOwn(part.value.provider)) return rendering.dropped(path, "the block is another provider's");
      return ownBlock(part.value.json, path, rendering);
    default:
      return undefined;
  }
}

function textBlock(text: string, path: string, rendering: Rendering): Block | undefined {
  if (text.trim() !== "") return { type: "text", text };
  return text === "" ? undefined : rendering.dropped(path, "text of nothing but white space is refused");
}

function callBlock(call: ToolCall, path: string, rendering: Rendering): Block | undefined {
  if (call.providerExecuted) return rendering.dropped(path, "another provider ran this tool itself");
  const input = toolInput(call.argumentsJson, `${path}.tool_call.arguments_json`, rendering);
  return { type: "tool_use", id: fitCallId(call.id), name: call.name, input };
}

function resultBlock(result: ToolResult, path: string, rendering: Rendering): Block {
  const content = result.content.flatMap(({ part }, index): Block[] => {
    const place = `${path}.tool_result.content[${index}]`;
    if (part.case === "media") return [renderMedia(part.value, place, rendering)];
    if (part.case === "document") return [renderDocument(part.value, place, rendering)];
    const block = textBlock(part.value ?? "", place, rendering);
    return block === undefined ? [] : [block];
  });
  return {
    type: "tool_result",
    tool_use_id: fitCallId(result.toolCallId),
    ...(content.length > 0 ? { content } : {}),
    ...(result.isError ? { is_error: true } : {}),
  };
}

function reasoningBlock(
  { text, encryptedContent }: ReasoningPart,
  signature: string,
  path: string,
  rendering: Rendering,
): Block | undefined {
  if (encryptedContent !== "") return { type: "redacted_thinking", data: encryptedContent };
  if (signature !== "") return { type: "thinking", thinking: text, signature };
  return rendering.dropped(path, "reasoning without a signature is refused");
}

function ownBlock(json: string, path: string, rendering: Rendering): Block {
  const block = parseExactObject(json);
  const type = block?.["type"];
  if (block === undefined || typeof type !== "string") {
    throw rendering.invalid(`${path}.provider_part.json`, "must be the JSON text of a block with a type");
  }
  return { ...block, type };
}
