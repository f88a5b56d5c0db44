import type { JsonObject } from "@bufbuild/protobuf";
import type { DocumentPart, MediaPart } from "../../../gen/llmhub/v1/content_pb.ts";
import { documentText, titled } from "../document-text.ts";
import { addressOf, base64Of, bytesOf, capabilityOf, isTextType, mimeTypeOf } from "../media-source.ts";
import { demandAddress } from "../media-uri.ts";
import type { Rendering } from "../rendering.ts";
import type { CohereBlock } from "./wire.ts";

const details: ReadonlySet<string> = new Set(["auto", "low", "high"]);

/** Whether media must be fetched first: pictures are taken by their address, other files are not. */
export function fetches(media: MediaPart): boolean {
  return addressOf(media) !== undefined && !mimeTypeOf(media).startsWith("image/");
}

/** A picture, or a file of text as text. Throws CAPABILITY_UNSUPPORTED for the rest. */
export function renderMedia(media: MediaPart, path: string, rendering: Rendering): CohereBlock {
  const type = mimeTypeOf(media);
  if (!type.startsWith("image/")) return { type: "text", text: titled(media.filename, textOf(media, path, rendering)) };
  checkSource(media, path, rendering);
  const { detail } = media;
  const isKnown = details.has(detail);
  if (detail !== "" && !isKnown) rendering.ignored(`${path}.detail`, 'the detail of images is "auto", "low" or "high"');
  const url = addressOf(media) ?? `data:${type};base64,${base64Of(media) ?? ""}`;
  return { type: "image_url", image_url: { url, ...(isKnown ? { detail } : {}) } };
}

/** What a document says, by key, as the model is to read it. */
export function dataOf(document: DocumentPart, path: string, rendering: Rendering): JsonObject {
  const { title, uri } = document;
  return {
    ...(title === "" ? {} : { title }),
    ...(uri === "" ? {} : { url: uri }),
    text: bodyOf(document, path, rendering),
  };
}

/** A document as text, where documents cannot be sent as such. */
export function textOfDocument(document: DocumentPart, path: string, rendering: Rendering): string {
  return documentText(document, bodyOf(document, path, rendering));
}

function bodyOf({ body }: DocumentPart, path: string, rendering: Rendering): string {
  return body.case === "media" ? textOf(body.value, `${path}.media`, rendering) : (body.value ?? "");
}

function textOf(media: MediaPart, path: string, rendering: Rendering): string {
  checkSource(media, path, rendering);
  const type = mimeTypeOf(media);
  if (!isTextType(type)) {
    const said = type === "" ? "a type that cannot be told" : type;
    throw rendering.unsupported(`${path}.mime_type`, capabilityOf(type), `images and text can be sent, not ${said}`);
  }
  const bytes = bytesOf(media);
  if (bytes === undefined) {
    throw rendering.unsupported(`${path}.uri`, "media_url", "text must be sent inline, not by address");
  }
  return bytes.toString();
}

function checkSource(media: MediaPart, path: string, rendering: Rendering): void {
  if (media.source.case === "providerFile") {
    throw rendering.unsupported(
      `${path}.provider_file`,
      "provider_file",
      "there are no uploaded files here; send the bytes",
    );
  }
  demandAddress(media, `${path}.uri`, rendering);
}
