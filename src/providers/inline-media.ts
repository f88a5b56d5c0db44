import type { CompleteRequest } from "../../gen/llmhub/v1/completion_pb.ts";
import type { ContentPart, DocumentPart, MediaPart, ToolResultPart } from "../../gen/llmhub/v1/content_pb.ts";
import type { Attempt } from "../model/call.ts";
import { GatewayError } from "../model/error.ts";
import type { Protocol } from "../model/protocol.ts";
import { mimeTypeOf } from "../protocols/media-source.ts";
import { checkMediaUri } from "../protocols/media-uri.ts";
import type { FetchedMedia } from "../upstream/media-fetch.ts";

/** Addresses that are fetched for one request at most. */
const addressesMax = 64;
/** Of those at once: one request must not take up all that is fetched at once for everybody. */
const atOnceMax = 4;
/** Bytes fetched for one request at most: several providers take no larger request. */
const bytesMax = 64 * 1024 * 1024;

/** Gets what is at an address; rejects with a GatewayError. */
export type FetchMedia = (uri: string, signal: AbortSignal) => Promise<FetchedMedia>;

/** Whether the dialect wants media of the request fetched before it can say it. */
export function needsMedia(protocol: Protocol, attempt: Attempt): boolean {
  // Most calls are text alone: nothing of them is walked through, let alone copied.
  const { messages } = attempt.call.request;
  if (protocol.fetches === undefined || !messages.some(({ content }) => content.some(mayHoldMedia))) return false;
  return addressesOf(protocol, attempt).size > 0;
}

function mayHoldMedia({ part }: ContentPart): boolean {
  return part.case === "media" || part.case === "document" || part.case === "toolResult";
}

/**
 * The attempt with everything fetched that its dialect takes inline only, each address once, a few at once. The first
 * failure ends the others.
 */
export async function withMedia(protocol: Protocol, attempt: Attempt, fetchMedia: FetchMedia): Promise<Attempt> {
  const addresses = addressesOf(protocol, attempt);
  if (addresses.size > addressesMax) {
    const limit = `has ${addresses.size} addresses of media to fetch; at most ${addressesMax} are fetched for one request`;
    throw new GatewayError("INVALID_REQUEST", `messages: ${limit}`, { metadata: { field: "messages" } });
  }
  const ending = new AbortController();
  const signal = AbortSignal.any([attempt.call.rpc.signal, ending.signal]);
  const found = new Map<string, FetchedMedia>();
  let bytes = 0;
  const get = async (uri: string, field: string) => {
    const media = await fetchMedia(uri, signal).catch((error: unknown) => {
      throw GatewayError.of(error).with({ field });
    });
    bytes += media.bytes.length;
    found.set(uri, media);
    if (bytes > bytesMax) throw tooLarge(field);
  };
  const left = addresses.entries();
  const work = async () => {
    for (const [uri, field] of left) await get(uri, field);
  };
  try {
    await Promise.all(Array.from({ length: atOnceMax }, work));
  } finally {
    ending.abort();
  }
  return replaced(attempt, (media) => {
    const fetched = media.source.case === "uri" ? found.get(media.source.value) : undefined;
    return fetched === undefined ? media : inline(media, fetched.bytes, fetched.mimeType);
  });
}

/**
 * The attempt as it would be with its media fetched, for a look at what it would lose: without their bytes. Throws
 * INVALID_REQUEST for addresses that are certain to be refused.
 */
export function withoutMedia(protocol: Protocol, attempt: Attempt): Attempt {
  for (const [uri, field] of addressesOf(protocol, attempt)) {
    const wrong = checkMediaUri(uri);
    if (wrong !== undefined) throw new GatewayError("INVALID_REQUEST", `${field} ${wrong}`, { metadata: { field } });
  }
  return replaced(attempt, (media, path) =>
    protocol.fetches?.(media, attempt) ? inline(media, Buffer.alloc(0), likelyType(media, path)) : media,
  );
}

/** The type that an address most probably holds: by its name, or else what is common at such a place. */
function likelyType(media: MediaPart, path: string): string {
  const named = mimeTypeOf(media);
  if (named !== "" && !named.endsWith("/*")) return named;
  return path.endsWith(".document.media") ? "application/pdf" : "image/png";
}

/** What servers say of files that they know nothing of: the bytes tell more. */
const unknownType = /^(?:application|binary)\/octet-stream$/;

function inline(media: MediaPart, value: Uint8Array, foundType: string): MediaPart {
  const isKnown = media.mimeType !== "" && !media.mimeType.endsWith("/*");
  const found = unknownType.test(foundType) ? "" : foundType;
  return { ...media, source: { case: "data", value }, mimeType: isKnown ? media.mimeType : found };
}

function tooLarge(field: string): GatewayError {
  return new GatewayError("PAYLOAD_TOO_LARGE", `${field}: the media of the request are above ${bytesMax} bytes`, {
    metadata: { field, limitBytes: String(bytesMax) },
  });
}

/** What is to be fetched, with the place in the request where it is named first. */
function addressesOf(protocol: Protocol, attempt: Attempt): ReadonlyMap<string, string> {
  const addresses = new Map<string, string>();
  const look = (media: MediaPart, path: string): MediaPart => {
    const { source } = media;
    if (source.case !== "uri" || addresses.has(source.value) || !protocol.fetches?.(media, attempt)) return media;
    addresses.set(source.value, `${path}.uri`);
    return media;
  };
  visit(attempt.call.request, look);
  return addresses;
}

/** What becomes of one medium at a path of the request. */
type Visitor = (media: MediaPart, path: string) => MediaPart;

function replaced(attempt: Attempt, visitor: Visitor): Attempt {
  const { call } = attempt;
  return { ...attempt, call: { ...call, request: visit(call.request, visitor) } };
}

function visit(request: CompleteRequest, visitor: Visitor): CompleteRequest {
  const messages = request.messages.map((message, i) => ({
    ...message,
    content: message.content.map((part, j) => visitPart(part, `messages[${i}].content[${j}]`, visitor)),
  }));
  return { ...request, messages };
}

function visitPart(given: ContentPart, path: string, visitor: Visitor): ContentPart {
  const { part } = given;
  if (part.case === "media") return { ...given, part: { ...part, value: visitor(part.value, `${path}.media`) } };
  if (part.case === "document") return { ...given, part: { ...part, value: visitDocument(part.value, path, visitor) } };
  if (part.case !== "toolResult") return given;
  const content = part.value.content.map((one, i) => visitResult(one, `${path}.tool_result.content[${i}]`, visitor));
  return { ...given, part: { ...part, value: { ...part.value, content } } };
}

function visitResult(given: ToolResultPart, path: string, visitor: Visitor): ToolResultPart {
  const { part } = given;
  if (part.case === "media") return { ...given, part: { ...part, value: visitor(part.value, `${path}.media`) } };
  if (part.case !== "document") return given;
  return { ...given, part: { ...part, value: visitDocument(part.value, path, visitor) } };
}

function visitDocument(document: DocumentPart, path: string, visitor: Visitor): DocumentPart {
  const { body } = document;
  if (body.case !== "media") return document;
  return { ...document, body: { ...body, value: visitor(body.value, `${path}.document.media`) } };
}
