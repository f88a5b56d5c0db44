import { type ContentPart, type ChatMessage as Message, Role } from "../../../gen/llmhub/v1/content_pb.ts";
import { textSignature } from "../../protocols/chat-completions/echo.ts";
import { family } from "../../protocols/chat-completions/wire.ts";
import { invalidField } from "../body.ts";
import { cacheHintOf, callOf, fileAt, mediaAt, messageOf, partOf, reasoningOf, resultOf, textOf } from "../parts.ts";
import { readDetails, readEchoed } from "./echoed.ts";
import type { ChatMessage } from "./schema.ts";

type Of<R extends ChatMessage["role"]> = Extract<ChatMessage, { role: R }>;
type UserPart = Exclude<Of<"user">["content"], string>[number];
type TextContent = Of<"tool">["content"];
type ToolCall = NonNullable<Of<"assistant">["tool_calls"]>[number];

/** The conversation of a body as the hub has it. Throws INVALID_REQUEST for a file without content. */
export function messagesOf(messages: readonly ChatMessage[]): Message[] {
  return messages.map((message, index) => read(message, `messages[${index}]`));
}

function read(message: ChatMessage, path: string): Message {
  switch (message.role) {
    case "system":
    case "developer":
      return messageOf(Role.SYSTEM, textsOf(message.content), message.name ?? "");
    case "user":
      return messageOf(Role.USER, userParts(message.content, path), message.name ?? "");
    case "assistant":
      return messageOf(Role.ASSISTANT, assistantParts(message), message.name ?? "");
    case "tool":
      return messageOf(Role.TOOL, [returned(message)]);
  }
}

function textsOf(content: TextContent): ContentPart[] {
  if (typeof content === "string") return [textOf(content)];
  return content.map(({ text, cache_control }) => textOf(text, marked(cache_control)));
}

function userParts(content: Of<"user">["content"], path: string): ContentPart[] {
  if (typeof content === "string") return [textOf(content)];
  return content.map((part, index) => userPart(part, `${path}.content[${index}]`));
}

function userPart(part: UserPart, path: string): ContentPart {
  switch (part.type) {
    case "text":
      return textOf(part.text, marked(part.cache_control));
    case "image_url": {
      const { url, detail } = part.image_url;
      return partOf(mediaAt(url, { mimeType: "image/*", detail: detail ?? "" }), marked(part.cache_control));
    }
    case "input_audio": {
      const { data, format } = part.input_audio;
      const mimeType = format === "mp3" ? "audio/mpeg" : "audio/wav";
      return partOf(mediaAt(`data:${mimeType};base64,${data}`, { mimeType }));
    }
    case "file":
      return partOf(fileOf(part.file, `${path}.file`), marked(part.cache_control));
  }
}

function fileOf({ file_data, file_id, filename }: Extract<UserPart, { type: "file" }>["file"], path: string) {
  if (typeof file_id === "string") return fileAt(family, file_id, filename ?? "");
  if (typeof file_data === "string") return mediaAt(file_data, { filename: filename ?? "" });
  throw invalidField(path, "needs file_data, a data: URI, or file_id");
}

/** Reasoning comes first, as models produce it. */
function assistantParts(message: Of<"assistant">): ContentPart[] {
  const { content, refusal, tool_calls, reasoning_content } = message;
  const parts = readDetails(message["reasoning_details"]);
  if (parts.length === 0 && typeof reasoning_content === "string" && reasoning_content !== "") {
    parts.push(shown(reasoning_content));
  }
  if (typeof content === "string" && content !== "") parts.push(textOf(content));
  else if (Array.isArray(content)) {
    for (const part of content) {
      parts.push(part.type === "text" ? textOf(part.text) : partOf({ case: "refusal", value: part.refusal }));
    }
  }
  if (typeof refusal === "string" && refusal !== "") parts.push(partOf({ case: "refusal", value: refusal }));
  for (const call of tool_calls ?? []) parts.push(called(call));
  return parts.length === 0 ? [textOf("")] : parts;
}

/** Servers of the dialect that showed it want it back in the field where it stood. */
function shown(text: string): ContentPart {
  return partOf(reasoningOf(text), { signature: textSignature("reasoning_content", family) });
}

function called({ id, function: { name, arguments: argumentsJson }, ...rest }: ToolCall): ContentPart {
  return partOf(callOf(id, name, argumentsJson), { signature: readEchoed(rest["extra_content"]) });
}

function returned({ content, tool_call_id: callId }: Of<"tool">): ContentPart {
  const texts = typeof content === "string" ? [content] : content.map(({ text }) => text);
  return partOf(
    resultOf(
      callId,
      texts.map((value) => ({ case: "text", value })),
    ),
  );
}

function marked(mark: { readonly ttl?: string | null | undefined } | null | undefined) {
  return mark === undefined || mark === null ? undefined : { cacheHint: cacheHintOf(mark.ttl) };
}
