import type { DocumentPart, MediaPart } from "../../../gen/llmhub/v1/content_pb.ts";
import { documentHead } from "../document-text.ts";
import { addressOf, base64Of, bytesOf, isTextType, mimeTypeOf } from "../media-source.ts";
import { demandAddress } from "../media-uri.ts";
import type { Rendering } from "./rendering.ts";
import type { Part } from "./wire.ts";

/** The only addresses that every endpoint of the dialect looks up itself, and that cannot be fetched as media. */
const youtube = /^https:\/\/(?:(?:www|m)\.)?(?:youtube\.com\/(?:watch\?|live\/|shorts\/)|youtu\.be\/)/i;
/** Files of the Gemini API are named by the address of their resource. */
const filesUrl = "https://generativelanguage.googleapis.com/v1beta/";

/** Whether media has to be fetched, because the dialect takes its bytes only. */
export function isFetched(media: MediaPart): boolean {
  const address = addressOf(media);
  return address !== undefined && !youtube.test(address);
}

/** Media inline, or as a file of the provider, or a text file as text. Throws for addresses that nobody fetched. */
export function renderMedia(media: MediaPart, path: string, rendering: Rendering): Part {
  if (media.detail !== "" && media.detail !== "auto") {
    rendering.ignored(
      `${path}.detail`,
      "the resolution is one for the whole request: generationConfig.mediaResolution",
    );
  }
  const { source } = media;
  if (source.case === "providerFile") {
    if (rendering.isOwn(source.value.provider)) return fileData(fileUriOf(source.value.fileId), mimeTypeOf(media));
    throw rendering.unsupported(`${path}.provider_file`, "provider_file", "the file is at another provider");
  }
  demandAddress(media, `${path}.uri`, rendering);
  const address = addressOf(media);
  if (address === undefined) return inlinePart(media, path, rendering);
  if (youtube.test(address)) return fileData(address, "video/mp4");
  throw rendering.unsupported(
    `${path}.uri`,
    "media_url",
    "media can be sent by its bytes only, or by a YouTube address",
  );
}

/** A document under its title and source. */
export function renderDocument(document: DocumentPart, path: string, rendering: Rendering): Part[] {
  const { body, citable } = document;
  if (citable) rendering.ignored(`${path}.document.citable`, "the dialect cannot ask for citations of documents");
  const head = documentHead(document);
  if (body.case === "media") {
    const file = renderMedia(body.value, `${path}.document.media`, rendering);
    return head === "" ? [file] : [{ text: head }, file];
  }
  return [{ text: [head, body.value ?? ""].filter(Boolean).join("\n\n") }];
}

function inlinePart(media: MediaPart, path: string, rendering: Rendering): Part {
  const mimeType = mimeTypeOf(media);
  if (isTextType(mimeType)) return { text: bytesOf(media)?.toString("utf8") ?? "" };
  if (mimeType === "" || mimeType.endsWith("/*")) {
    throw rendering.invalid(`${path}.mime_type`, "is required, since the bytes do not tell the type");
  }
  const data = base64Of(media);
  if (data === undefined) throw rendering.invalid(`${path}.source`, "one of data, uri, provider_file is required");
  return { inlineData: { mimeType, data } };
}

function fileData(fileUri: string, mimeType: string): Part {
  const isKnown = mimeType !== "" && !mimeType.endsWith("/*");
  return { fileData: { ...(isKnown ? { mimeType } : {}), fileUri } };
}

function fileUriOf(fileId: string): string {
  return fileId.startsWith("files/") ? filesUrl + fileId : fileId;
}
