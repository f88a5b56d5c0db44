import { type ContentPart, Role, type ToolResult } from "../../../gen/llmhub/v1/content_pb.ts";
import { type Turn, turnsOf } from "../../model/conversation.ts";
import { warnExtras, warnOptions } from "../part-extras.ts";
import type { Rendering } from "../rendering.ts";
import { toolInput } from "../tool-input.ts";
import { type Piece, renderDocument, renderMedia } from "./media.ts";
import type { OllamaCall, OllamaMessage } from "./wire.ts";

/**
 * The conversation in the dialect's messages: one per turn, but one per result in a turn of tool results. A message is one
 * text with pictures beside it, so parts of text are joined by a blank line. Cache hints are left out without a warning,
 * because the server keeps the last prompts by itself.
 */
export function renderMessages(rendering: Rendering): OllamaMessage[] {
  const toolNames = new Map<string, string>();
  return turnsOf(rendering.request).flatMap((turn) => {
    if (turn.name !== "") rendering.ignored(`${turn.path}.name`, "participants have no names here");
    if (turn.role === Role.TOOL) {
      return turn.content.map((part, index) => resultMessage(part, at(turn, index), toolNames, rendering));
    }
    for (const { part } of turn.content) if (part.case === "toolCall") toolNames.set(part.value.id, part.value.name);
    return turn.role === Role.ASSISTANT ? assistantMessage(turn, rendering) : [promptMessage(turn, rendering)];
  });
}

function promptMessage(turn: Turn, rendering: Rendering): OllamaMessage {
  const pieces = turn.content.map((part, index) => pieceOf(part, at(turn, index), rendering));
  const isSystem = turn.role === Role.SYSTEM;
  if (isSystem && pieces.some(({ image }) => image !== undefined)) {
    throw rendering.unsupported(turn.path, "system_media", "a system message is text only");
  }
  return { role: isSystem ? "system" : "user", ...joined(pieces) };
}

function assistantMessage(turn: Turn, rendering: Rendering): OllamaMessage[] {
  const pieces: Piece[] = [];
  const calls: OllamaCall[] = [];
  let thinking = "";
  turn.content.forEach((content, index) => {
    const path = at(turn, index);
    const { part } = content;
    if (part.case === "toolCall") {
      if (part.value.providerExecuted) rendering.dropped(path, "another provider ran this tool itself");
      else {
        const { id, name, argumentsJson } = part.value;
        const args = toolInput(argumentsJson, `${path}.tool_call.arguments_json`, rendering);
        calls.push({ id, function: { index: calls.length, name, arguments: args } });
        warnExtras(content, path, rendering);
        warnOptions(content, path, rendering);
      }
    } else if (part.case === "reasoning") thinking += thoughtOf(content, path, rendering);
    else pieces.push(pieceOf(content, path, rendering));
  });
  const said = joined(pieces);
  if (said.content === "" && said.images === undefined && calls.length === 0 && thinking === "") return [];
  return [
    {
      role: "assistant",
      ...said,
      ...(thinking === "" ? {} : { thinking }),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    },
  ];
}

function resultMessage(
  content: ContentPart,
  path: string,
  toolNames: ReadonlyMap<string, string>,
  rendering: Rendering,
): OllamaMessage {
  if (content.part.case !== "toolResult") throw rendering.invalid(path, "a tool message holds tool results only");
  const result: ToolResult = content.part.value;
  const { toolCallId, isError } = result;
  if (isError) {
    rendering.ignored(`${path}.tool_result.is_error`, "only the content can say that a tool failed");
  }
  warnExtras(content, path, rendering);
  warnOptions(content, path, rendering);
  const pieces = result.content.map(({ part }, index): Piece => {
    const place = `${path}.tool_result.content[${index}]`;
    if (part.case === "media") return renderMedia(part.value, `${place}.media`, rendering);
    if (part.case === "document") return renderDocument(part.value, `${place}.document`, rendering);
    return { text: part.value ?? "" };
  });
  const name = result.toolName || (toolNames.get(toolCallId) ?? "");
  return {
    role: "tool",
    ...joined(pieces),
    ...(name === "" ? {} : { tool_name: name }),
    tool_call_id: toolCallId,
  };
}

/** A part of a message of any role. */
function pieceOf(content: ContentPart, path: string, rendering: Rendering): Piece {
  const { part } = content;
  warnExtras(content, path, rendering);
  warnOptions(content, path, rendering);
  switch (part.case) {
    case "text":
    case "refusal":
      return { text: part.value };
    case "media":
      return renderMedia(part.value, `${path}.media`, rendering);
    case "document":
      return renderDocument(part.value, `${path}.document`, rendering);
    case "providerPart":
      rendering.dropped(path, `a block of provider "${part.value.provider}" means nothing to the target`);
      return {};
    default:
      throw rendering.invalid(path, `a part of kind ${part.case} does not belong in a message of this role`);
  }
}

/** Reasoning goes back to the server it came from: nothing but the signature tells whose it is. */
function thoughtOf({ part, signature }: ContentPart, path: string, rendering: Rendering): string {
  if (part.case !== "reasoning") return "";
  const isOwn = signature !== undefined && rendering.isOwn(signature.provider);
  if (!isOwn) rendering.dropped(path, "reasoning goes back only to the provider it came from");
  return isOwn ? part.value.text : "";
}

function joined(pieces: readonly Piece[]): Pick<OllamaMessage, "content" | "images"> {
  const images = pieces.flatMap(({ image }) => image ?? []);
  const content = pieces.flatMap(({ text }) => text || []).join("\n\n");
  return { content, ...(images.length === 0 ? {} : { images }) };
}

function at({ path }: Turn, index: number): string {
  return path.startsWith("messages") ? `${path}.content[${index}]` : path;
}
