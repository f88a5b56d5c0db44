import { type ContentPart, type ChatMessage as Message, Role } from "../../../gen/llmhub/v1/content_pb.ts";
import { echoSignature, textSignature } from "../../protocols/chat-completions/echo.ts";
import { family } from "../../protocols/chat-completions/wire.ts";
import { invalidField, isGiven } from "../body.ts";
import { marked, markWithin } from "../cache-mark.ts";
import { callOf, fileAt, mediaAt, messageOf, partOf, reasoningOf, resultOf, textOf } from "../parts.ts";
import { opened } from "../seal.ts";
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
      return messageOf(Role.ASSISTANT, assistantParts(message, path), message.name ?? "");
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
function assistantParts(message: Of<"assistant">, path: string): ContentPart[] {
  const { content, refusal, audio, tool_calls, reasoning_content } = message;
  if (isGiven(message["function_call"])) {
    throw invalidField(`${path}.function_call`, "is no longer served. Use tool_calls");
  }
  const parts = readDetails(message["reasoning_details"]);
  if (parts.length === 0 && typeof reasoning_content === "string" && reasoning_content !== "") {
    parts.push(shown(reasoning_content));
  }
  if (typeof content === "string" && content !== "") parts.push(textOf(content));
  else if (Array.isArray(content)) {
    for (const part of content) {
      parts.push(
        part.type === "text"
          ? textOf(part.text, marked(part.cache_control))
          : partOf({ case: "refusal", value: part.refusal }),
      );
    }
  }
  if (typeof refusal === "string" && refusal !== "") parts.push(partOf({ case: "refusal", value: refusal }));
  if (isGiven(audio)) parts.push(soundOf(audio.id));
  for (const call of tool_calls ?? []) parts.push(called(call));
  return parts.length === 0 ? [textOf("")] : parts;
}

/** Servers of the dialect that showed it want it back in the field where it stood. */
function shown(text: string): ContentPart {
  return partOf(reasoningOf(text), { signature: textSignature("reasoning_content", family) });
}

/** The sound itself is at the provider that the id says, or at OpenAI where it is none of the gateway's making. */
function soundOf(id: string): ContentPart {
  const signature = opened(id)?.signature ?? echoSignature({ audio: { id } }, family);
  return partOf(mediaAt("data:audio/wav;base64,", { mimeType: "audio/wav" }), { signature });
}

function called({ id, function: { name, arguments: argumentsJson }, ...rest }: ToolCall): ContentPart {
  return partOf(callOf(id, name, argumentsJson), { signature: readEchoed(rest["extra_content"]) });
}

function returned({ content, tool_call_id: callId }: Of<"tool">): ContentPart {
  const parts = typeof content === "string" ? [{ text: content, cache_control: undefined }] : content;
  const result = resultOf(
    callId,
    parts.map(({ text }) => ({ case: "text", value: text })),
  );
  return partOf(result, marked(markWithin(parts)));
}
