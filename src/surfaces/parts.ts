import type {
  CacheHint,
  ChatMessage,
  ContentPart,
  MediaPart,
  PartSignature,
  Role,
} from "../../gen/llmhub/v1/content_pb.ts";

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

/** A message of parts. */
export function messageOf(role: Role, content: ContentPart[], name = ""): ChatMessage {
  return { $typeName: "llmhub.v1.ChatMessage", role, content, text: "", name };
}

/** Media at an https address or in a data: URI. */
export function mediaAt(uri: string, { mimeType = "", filename = "", detail = "" } = {}): ContentPart["part"] {
  return { case: "media", value: mediaOf({ case: "uri", value: uri }, mimeType, filename, detail) };
}

/** A file that lives at a provider. */
export function fileAt(provider: string, fileId: string, filename = ""): ContentPart["part"] {
  const file = { $typeName: "llmhub.v1.ProviderFile", provider, fileId } as const;
  return { case: "media", value: mediaOf({ case: "providerFile", value: file }, "", filename, "") };
}

/** A mark for the provider's prompt cache, for as long as "5m" or "1h"; undefined: the provider's default. */
export function cacheHintOf(ttl: string | undefined | null): CacheHint {
  const seconds = ttl === "1h" ? 3600n : 300n;
  const hint: CacheHint = { $typeName: "llmhub.v1.CacheHint" };
  if (typeof ttl === "string") hint.ttl = { $typeName: "google.protobuf.Duration", seconds, nanos: 0 };
  return hint;
}

function mediaOf(source: MediaPart["source"], mimeType: string, filename: string, detail: string): MediaPart {
  return { $typeName: "llmhub.v1.MediaPart", source, mimeType, filename, detail };
}
