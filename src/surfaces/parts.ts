import { type CompleteRequest, CompletionView } from "../../gen/llmhub/v1/completion_pb.ts";
import type {
  CacheHint,
  ChatMessage,
  ContentPart,
  MediaPart,
  PartSignature,
  Role,
  ToolResultPart,
} from "../../gen/llmhub/v1/content_pb.ts";
import type { Tool } from "../../gen/llmhub/v1/tool_pb.ts";

/** What a part can have besides what it says. */
interface Besides {
  readonly cacheHint?: CacheHint | undefined;
  readonly signature?: PartSignature | undefined;
}

/** A part as a plain literal: create() costs ten times as much, and conversations are long. */
export function partOf(part: ContentPart["part"], { cacheHint, signature }: Besides = {}): ContentPart {
  const made: ContentPart = { $typeName: "llmhub.v1.ContentPart", part, citations: [], providerOptions: {} };
  if (cacheHint !== undefined) made.cacheHint = cacheHint;
  if (signature !== undefined) made.signature = signature;
  return made;
}

/** One plain text. */
export function textOf(value: string, besides?: Besides): ContentPart {
  return partOf({ case: "text", value }, besides);
}

/** A request that asks for nothing but an answer to a conversation, as a plain literal, too. */
export function requestOf(model: string | null | undefined, messages: ChatMessage[], tools: Tool[]): CompleteRequest {
  return {
    $typeName: "llmhub.v1.CompleteRequest",
    model: model ?? "",
    messages,
    input: "",
    system: "",
    tools,
    stopSequences: [],
    labels: {},
    endUserId: "",
    serviceTier: "",
    providerOptions: {},
    view: CompletionView.UNSPECIFIED,
    validateOnly: false,
    lossless: false,
  };
}

/** A message of parts. */
export function messageOf(role: Role, content: ContentPart[], name = ""): ChatMessage {
  return { $typeName: "llmhub.v1.ChatMessage", role, content, text: "", name };
}

/** Media as a part of a message, and of the result of a tool. */
export type MediaOf = Extract<ToolResultPart["part"], { case: "media" }>;

/** Media at an https address or in a data: URI. */
export function mediaAt(uri: string, { mimeType = "", filename = "", detail = "" } = {}): MediaOf {
  return { case: "media", value: mediaOf({ case: "uri", value: uri }, mimeType, filename, detail) };
}

/** A file that lives at a provider. */
export function fileAt(provider: string, fileId: string, filename = ""): MediaOf {
  const file = { $typeName: "llmhub.v1.ProviderFile", provider, fileId } as const;
  return { case: "media", value: mediaOf({ case: "providerFile", value: file }, "", filename, "") };
}

function mediaOf(source: MediaPart["source"], mimeType: string, filename: string, detail: string): MediaPart {
  return { $typeName: "llmhub.v1.MediaPart", source, mimeType, filename, detail };
}

/** Reasoning, readable or encrypted. */
export function reasoningOf(text: string, { summary = false, encryptedContent = "" } = {}): ContentPart["part"] {
  return { case: "reasoning", value: { $typeName: "llmhub.v1.ReasoningPart", text, summary, encryptedContent } };
}

/** A call that the model made and the caller ran. */
export function callOf(id: string, name: string, argumentsJson: string): ContentPart["part"] {
  const value = { $typeName: "llmhub.v1.ToolCall", id, name, argumentsJson, providerExecuted: false } as const;
  return { case: "toolCall", value };
}

/** What a tool returned. */
export function resultOf(
  toolCallId: string,
  parts: readonly ToolResultPart["part"][],
  isError = false,
): ContentPart["part"] {
  const content = parts.map((part): ToolResultPart => ({ $typeName: "llmhub.v1.ToolResultPart", part }));
  return {
    case: "toolResult",
    value: { $typeName: "llmhub.v1.ToolResult", toolCallId, toolName: "", content, isError },
  };
}
