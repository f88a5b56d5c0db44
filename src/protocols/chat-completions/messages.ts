import type { CompleteRequest } from "../../../gen/llmhub/v1/completion_pb.ts";
import {
  type ContentPart,
  type ProviderPart,
  Role,
  type ToolResult,
  type ToolResultPart,
} from "../../../gen/llmhub/v1/content_pb.ts";
import { type Turn, turnsOf } from "../../model/conversation.ts";
import type { Capability } from "../rendering.ts";
import { renderDocument } from "./document.ts";
import { parseObject } from "./json-text.ts";
import type { LossReport } from "./loss-report.ts";
import { picturesField } from "./made-media.ts";
import { renderMedia } from "./media.ts";
import { renderReasoning } from "./reasoning.ts";
import { textMessages } from "./text-messages.ts";
import type { AssistantMessage, ChatContent, ChatMessage, ChatPart, ChatToolCall } from "./wire.ts";

/** Items of the Responses API, in which the same provider may have answered before. */
const responsesItem = /_(call|output)$|^(mcp_|compaction|program$)/;

/**
 * The conversation in the dialect's messages: one per turn, but one per result in a turn of tool results. Cache hints are
 * left out without a warning, because servers of the dialect cache prompts by themselves.
 */
export function renderMessages(request: CompleteRequest, losses: LossReport): readonly ChatMessage[] {
  return textMessages(request) ?? renderTurns(request, losses);
}

function renderTurns(request: CompleteRequest, losses: LossReport): ChatMessage[] {
  /** Tools have been called since the user spoke. */
  let usesTools = false;
  return turnsOf(request).flatMap((turn) => {
    if (turn.role === Role.USER) usesTools = false;
    if (turn.role === Role.TOOL) {
      usesTools = true;
      if (turn.name !== "") losses.warn("SETTING_IGNORED", `${turn.path}.name`, "tool messages have no name here");
      return turn.content.map((part, index) => toolMessage(part, at(turn, index), losses));
    }
    if (turn.role === Role.ASSISTANT) return assistantMessage(turn, usesTools, losses);
    return promptMessage(turn, losses);
  });
}

function promptMessage(turn: Turn, losses: LossReport): ChatMessage[] {
  const isSystem = turn.role === Role.SYSTEM;
  const render = isSystem ? instructionOf : contentPart;
  const parts = turn.content.flatMap((part, index) => render(part, at(turn, index), losses));
  if (parts.length === 0 && turn.content.length > 0) return [];
  return [{ role: isSystem ? "system" : "user", content: contentOf(parts), ...nameOf(turn) }];
}

function assistantMessage(turn: Turn, usesTools: boolean, losses: LossReport): AssistantMessage[] {
  const parts: ChatPart[] = [];
  const calls: ChatToolCall[] = [];
  const images: ChatPart[] = [];
  let sound: Pick<AssistantMessage, "audio"> = {};
  let refusal = "";
  turn.content.forEach((part, index) => {
    const path = at(turn, index);
    const made = part.part.case === "media" ? losses.madeAs(part.signature) : undefined;
    if (part.part.case === "media" && made === picturesField) {
      images.push(renderMedia(part.part.value, `${path}.media`, losses));
    } else if (typeof made === "object") sound = made;
    else if (part.part.case === "toolCall") calls.push(...toolCall(part, path, losses));
    else if (part.part.case === "refusal") refusal += part.part.value;
    else if (part.part.case !== "reasoning") parts.push(...textPartOf(part, path, "assistant_media", losses));
  });
  const made = { ...sound, ...(images.length === 0 ? {} : { images }) };
  const isEmpty = parts.length === 0 && calls.length === 0 && refusal === "" && Object.keys(made).length === 0;
  const rest = { isEmpty, usesTools: usesTools || calls.length > 0 };
  const { thinking, ...reasoning } = renderReasoning(turn, rest, losses);
  if (isEmpty) return [];
  if (thinking !== undefined) parts.unshift({ type: "thinking", thinking: [{ type: "text", text: thinking }] });
  return [
    {
      role: "assistant",
      content: parts.length === 0 ? null : contentOf(parts),
      ...reasoning,
      ...made,
      ...(refusal === "" ? {} : { refusal }),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
      ...nameOf(turn),
    },
  ];
}

function toolCall(part: ContentPart, path: string, losses: LossReport): ChatToolCall[] {
  if (part.part.case !== "toolCall") return [];
  const { id, name, argumentsJson, providerExecuted } = part.part.value;
  if (providerExecuted) {
    losses.warn("PART_DROPPED", path, "a tool call that a provider ran itself cannot be given back in this dialect");
    return [];
  }
  const extra_content = losses.echoOf("", part.signature)?.extra_content;
  if (extra_content === undefined) warnSignature(part, path, losses);
  const call: ChatToolCall = { id, type: "function", function: { name, arguments: argumentsJson || "{}" } };
  const echo = extra_content === undefined ? {} : { extra_content };
  return [{ ...call, ...echo, ...losses.options(part.providerOptions) }];
}

function toolMessage(part: ContentPart, path: string, losses: LossReport): ChatMessage {
  if (part.part.case !== "toolResult") throw losses.invalid(path, "a tool message holds tool results only");
  const result: ToolResult = part.part.value;
  if (result.isError) {
    losses.warn("SETTING_IGNORED", `${path}.tool_result.is_error`, "only the content can say that a tool failed");
  }
  const parts = result.content.map((one, index) => resultPart(one, `${path}.tool_result.content[${index}]`, losses));
  const message = { role: "tool", tool_call_id: result.toolCallId, content: contentOf(parts) } as const;
  return { ...message, ...losses.options(part.providerOptions) };
}

function resultPart({ part }: ToolResultPart, path: string, losses: LossReport): ChatPart {
  if (part.case === "text" || part.case === "json") return { type: "text", text: part.value };
  if (part.case === "document") {
    const rendered = renderDocument(part.value, `${path}.document`, losses);
    if (rendered.type === "text") return rendered;
  }
  const inText = part.case === "media" ? renderMedia(part.value, `${path}.media`, losses) : undefined;
  if (inText?.type === "text") return inText;
  throw losses.unsupported(path, "tool_result_media", "a tool result can only be text in this dialect");
}

function instructionOf(part: ContentPart, path: string, losses: LossReport): ChatPart[] {
  return textPartOf(part, path, "system_media", losses);
}

/** A part for a role that has no media. */
function textPartOf(part: ContentPart, path: string, media: Capability, losses: LossReport): ChatPart[] {
  const rendered = contentPart(part, path, losses);
  const isOwn = part.part.case === "providerPart";
  if (isOwn || rendered.every(({ type }) => type === "text")) return rendered;
  throw losses.unsupported(path, media, "media can be sent in messages of the user only in this dialect");
}

/** A part that several roles share; provider_options are added to what it becomes. */
function contentPart(part: ContentPart, path: string, losses: LossReport): ChatPart[] {
  const rendered = plainPart(part.part, path, losses);
  if (rendered === undefined) return [];
  warnSignature(part, path, losses);
  if (part.citations.length > 0) {
    losses.warn(
      "PART_DROPPED",
      `${path}.citations`,
      "citations of earlier answers cannot be given back in this dialect",
    );
  }
  return [{ ...rendered, ...losses.options(part.providerOptions) }];
}

function plainPart(part: ContentPart["part"], path: string, losses: LossReport): ChatPart | undefined {
  switch (part.case) {
    case "text":
      return { type: "text", text: part.value };
    case "media":
      return renderMedia(part.value, `${path}.media`, losses);
    case "document":
      return renderDocument(part.value, `${path}.document`, losses);
    case "providerPart":
      return ownPart(part.value, path, losses);
    default:
      throw losses.invalid(path, `a part of kind ${part.case} does not belong in a message of this role`);
  }
}

function ownPart({ provider, kind, json }: ProviderPart, path: string, losses: LossReport): ChatPart | undefined {
  const isOwn = losses.isOwn(provider);
  if (isOwn && !responsesItem.test(kind)) return parseObject(json, `${path}.provider_part.json`, losses);
  const owner = isOwn ? "the Responses API" : `provider "${provider}"`;
  losses.warn("PART_DROPPED", path, `a block of ${owner} means nothing to the target`);
  return undefined;
}

function warnSignature({ signature }: ContentPart, path: string, losses: LossReport): void {
  if (signature === undefined) return;
  losses.warn("SIGNATURE_DROPPED", `${path}.signature`, "the target does not know the signature, or wants none back");
}

/** A single plain text takes the short form, which every server reads. */
function contentOf(parts: readonly ChatPart[]): ChatContent {
  const [first] = parts;
  if (first === undefined) return "";
  const plain = parts.length === 1 && first.type === "text" && Object.keys(first).length === 2;
  return plain && typeof first["text"] === "string" ? first["text"] : parts;
}

function nameOf({ name }: Turn): { name?: string } {
  return name === "" ? {} : { name };
}

function at({ path }: Turn, index: number): string {
  return `${path}.content[${index}]`;
}
