import type { DocumentPart, MediaPart } from "../../../gen/llmhub/v1/content_pb.ts";
import { base64Of, bytesOf, capabilityOf, isTextType, mimeTypeOf } from "../media-source.ts";
import { demandAddress } from "../media-uri.ts";
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
  return mimeType === pdf || isTextType(mimeType);
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
    throw rendering.unsupported(`${path}.media.uri`, "media_url", "a text file cannot be sent by its address");
  }
  return textSource(bytes.toString("utf8"));
}

function textSource(data: string): object {
  return { type: "text", media_type: "text/plain", data };
}

function fileSource(media: MediaPart, mimeType: string, path: string, rendering: Rendering): object {
  const { source } = media;
  if (source.case === "providerFile") {
    if (!rendering.isOwn(source.value.provider)) {
      throw rendering.unsupported(`${path}.media.provider_file`, "provider_file", "the file is at another provider");
    }
    rendering.betas.add(filesBeta);
    return { type: "file", file_id: source.value.fileId };
  }
  demandAddress(media, `${path}.media.uri`, rendering);
  const data = base64Of(media);
  if (data === undefined) return { type: "url", url: source.value };
  if (mimeType !== pdf && !imageTypes.has(mimeType)) throw unsupportedType(mimeType, path, rendering);
  return { type: "base64", media_type: mimeType, data };
}

function unsupportedType(mimeType: string, path: string, rendering: Rendering): Error {
  const taken = "JPEG, PNG, GIF, WebP, PDF and text can be sent";
  return rendering.unsupported(
    `${path}.media.mime_type`,
    capabilityOf(mimeType),
    `"${mimeType}" is not supported: ${taken}`,
  );
}
