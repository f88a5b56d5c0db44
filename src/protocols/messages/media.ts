import type { DocumentPart, MediaPart } from "../../../gen/llmhub/v1/content_pb.ts";
import { checkMediaUri } from "../media-uri.ts";
import type { Rendering } from "./rendering.ts";
import type { Block } from "./wire.ts";

const pdf = "application/pdf";
/** Image types the API reads. */
const imageTypes: ReadonlySet<string> = new Set(["image/jpeg", "image/png", "image/gif", "image/webp"]);
/** The Files API still asks for this where it is not generally available. */
const filesBeta = "files-api-2025-04-14";

/** Whether a file goes as a document, which citations count, and not as an image. */
export function isDocument(media: MediaPart): boolean {
  const mimeType = mimeTypeOf(media);
  return mimeType === pdf || mimeType.startsWith("text/");
}

/** An image or document block. Throws for kinds of media the dialect cannot carry. */
export function renderMedia(media: MediaPart, path: string, rendering: Rendering): Block {
  const mimeType = mimeTypeOf(media);
  if (media.detail !== "" && media.detail !== "auto") {
    rendering.ignored(`${path}.media.detail`, "the resolution of images cannot be chosen");
  }
  if (isDocument(media)) {
    const title = media.filename === "" ? {} : { title: media.filename };
    return { type: "document", source: documentSource(media, mimeType, path, rendering), ...title };
  }
  if (!mimeType.startsWith("image/")) throw unsupportedType(mimeType, path, rendering);
  return { type: "image", source: fileSource(media, mimeType, path, rendering) };
}

/** A document block with its title, origin and the wish to be cited. */
export function renderDocument(document: DocumentPart, path: string, rendering: Rendering): Block {
  const { body, title, uri, citable } = document;
  const extras = {
    ...(title === "" ? {} : { title }),
    ...(uri === "" ? {} : { context: `Source: ${uri}` }),
    ...(citable ? { citations: { enabled: true } } : {}),
  };
  if (body.case !== "media") return { type: "document", source: textSource(body.value ?? ""), ...extras };
  if (!isDocument(body.value)) {
    throw rendering.unsupported(`${path}.document.media`, "document_type", "a document is a PDF or plain text");
  }
  return { ...renderMedia(body.value, `${path}.document`, rendering), ...extras };
}

function documentSource(media: MediaPart, mimeType: string, path: string, rendering: Rendering): object {
  if (mimeType === pdf || media.source.case === "providerFile") return fileSource(media, mimeType, path, rendering);
  const bytes = bytesOf(media);
  if (bytes === undefined) {
    throw rendering.unsupported(`${path}.media.uri`, "document_url", "a text file cannot be sent by its address");
  }
  return textSource(bytes.toString("utf8"));
}

function textSource(data: string): object {
  return { type: "text", media_type: "text/plain", data };
}

function fileSource({ source }: MediaPart, mimeType: string, path: string, rendering: Rendering): object {
  switch (source.case) {
    case "data":
      return base64Source(Buffer.from(source.value).toString("base64"), mimeType, path, rendering);
    case "uri": {
      const wrong = checkMediaUri(source.value);
      if (wrong !== undefined) throw rendering.invalid(`${path}.media.uri`, wrong);
      const inline = inlineOf(source.value);
      if (inline !== undefined) return base64Source(inline.bytes.toString("base64"), mimeType, path, rendering);
      return { type: "url", url: source.value };
    }
    case "providerFile":
      if (!rendering.isOwn(source.value.provider)) {
        throw rendering.unsupported(`${path}.media.provider_file`, "provider_file", "the file is at another provider");
      }
      rendering.betas.add(filesBeta);
      return { type: "file", file_id: source.value.fileId };
    default:
      throw rendering.invalid(`${path}.media.source`, "one of data, uri, provider_file is required");
  }
}

function base64Source(data: string, mimeType: string, path: string, rendering: Rendering): object {
  if (mimeType !== pdf && !imageTypes.has(mimeType)) throw unsupportedType(mimeType, path, rendering);
  return { type: "base64", media_type: mimeType, data };
}

function unsupportedType(mimeType: string, path: string, rendering: Rendering): Error {
  const kind = mimeType.split("/")[0] ?? "";
  const capability = kind === "" ? "media_type" : `${kind}_input`;
  const taken = "JPEG, PNG, GIF, WebP, PDF and text can be sent";
  return rendering.unsupported(`${path}.media.mime_type`, capability, `"${mimeType}" is not supported: ${taken}`);
}

/** An address without a type is taken for an image's: the provider looks for itself when it fetches it. */
function mimeTypeOf({ mimeType, source }: MediaPart): string {
  const isGuessed = mimeType === "" && source.case === "uri";
  const given = isGuessed ? (inlineOf(source.value)?.mimeType ?? "image/*") : mimeType;
  const bare = given.split(";")[0]?.trim().toLowerCase() ?? "";
  return bare === "image/jpg" ? "image/jpeg" : bare;
}

function bytesOf({ source }: MediaPart): Buffer | undefined {
  if (source.case === "data") return Buffer.from(source.value);
  return source.case === "uri" ? inlineOf(source.value)?.bytes : undefined;
}

function inlineOf(uri: string): { mimeType: string; bytes: Buffer } | undefined {
  if (!/^data:/i.test(uri)) return undefined;
  const comma = uri.indexOf(",");
  const head = uri.slice(5, comma === -1 ? undefined : comma);
  const payload = comma === -1 ? "" : uri.slice(comma + 1);
  const bytes = /;base64$/i.test(head) ? Buffer.from(payload, "base64") : Buffer.from(unescapeUri(payload), "utf8");
  return { mimeType: head.split(";")[0] ?? "", bytes };
}

function unescapeUri(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
