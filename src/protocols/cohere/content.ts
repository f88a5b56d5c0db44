import type { JsonObject } from "@bufbuild/protobuf";
import type { DocumentPart, MediaPart } from "../../../gen/llmhub/v1/content_pb.ts";
import { addressOf, base64Of, bytesOf, isTextType, mimeTypeOf } from "../media-source.ts";
import { checkMediaUri } from "../media-uri.ts";
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

/** A document as text under its title and source, where documents cannot be sent as such. */
export function documentText(document: DocumentPart, path: string, rendering: Rendering): string {
  const { title, uri } = document;
  const head = [title, uri === "" ? "" : `Source: ${uri}`].filter((line) => line !== "").join("\n");
  return titled(head, bodyOf(document, path, rendering));
}

function bodyOf({ body }: DocumentPart, path: string, rendering: Rendering): string {
  return body.case === "media" ? textOf(body.value, `${path}.media`, rendering) : (body.value ?? "");
}

function textOf(media: MediaPart, path: string, rendering: Rendering): string {
  checkSource(media, path, rendering);
  const type = mimeTypeOf(media);
  if (!isTextType(type)) {
    const said = type === "" ? "a type that cannot be told" : type;
    throw rendering.unsupported(`${path}.mime_type`, "media", `images and text can be sent, not ${said}`);
  }
  const bytes = bytesOf(media);
  if (bytes === undefined) {
    throw rendering.unsupported(`${path}.uri`, "media_url", "text must be sent inline, not by address");
  }
  return bytes.toString();
}

function checkSource(media: MediaPart, path: string, rendering: Rendering): void {
  if (media.source.case === "providerFile") {
    throw rendering.unsupported(`${path}.provider_file`, "files", "there are no uploaded files here; send the bytes");
  }
  const address = addressOf(media);
  const refusal = address === undefined ? undefined : checkMediaUri(address);
  if (refusal !== undefined) throw rendering.invalid(`${path}.uri`, refusal);
}

function titled(title: string, text: string): string {
  return title === "" ? text : `${title}\n\n${text}`;
}
