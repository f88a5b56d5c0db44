import type { DocumentPart, MediaPart } from "../../../gen/llmhub/v1/content_pb.ts";
import { documentHead, titled } from "../document-text.ts";
import { addressOf, base64Of, bytesOf, capabilityOf, isTextType, mimeTypeOf } from "../media-source.ts";
import { demandAddress } from "../media-uri.ts";
import type { Rendering } from "../rendering.ts";

/** Sound that models which hear can read. */
const soundTypes: ReadonlySet<string> = new Set(["audio/wav", "audio/mpeg"]);

/** What a part adds to a message. */
export interface Piece {
  readonly text?: string;
  /** A picture or sound in base64. */
  readonly image?: string;
}

/** Whether media must be fetched first: nothing is taken by its address. */
export function fetches(media: MediaPart): boolean {
  return addressOf(media) !== undefined;
}

/** Pictures and sound beside the text, files of text as text. Throws CAPABILITY_UNSUPPORTED for the rest. */
export function renderMedia(media: MediaPart, path: string, rendering: Rendering): Piece {
  if (media.source.case === "providerFile") {
    throw rendering.unsupported(
      `${path}.provider_file`,
      "provider_file",
      "there are no uploaded files here; send the bytes",
    );
  }
  const address = addressOf(media);
  if (address !== undefined) {
    demandAddress(media, `${path}.uri`, rendering);
    throw rendering.unsupported(`${path}.uri`, "media_url", "media must be sent inline, not by address");
  }
  if (media.detail !== "" && media.detail !== "auto") {
    rendering.ignored(`${path}.detail`, "the resolution of images cannot be chosen");
  }
  const type = mimeTypeOf(media);
  if (type.startsWith("image/") || soundTypes.has(type)) return { image: base64Of(media) ?? "" };
  if (isTextType(type)) return { text: titled(media.filename, bytesOf(media)?.toString() ?? "") };
  const said = type === "" ? "a type that cannot be told" : type;
  throw rendering.unsupported(
    `${path}.mime_type`,
    capabilityOf(type),
    `images, WAV, MP3 and text can be sent, not ${said}`,
  );
}

/** A document as text under its title and source. */
export function renderDocument(document: DocumentPart, path: string, rendering: Rendering): Piece {
  const { body, citable } = document;
  if (citable) rendering.ignored(`${path}.citable`, "citations of documents cannot be asked for");
  const piece =
    body.case === "media" ? renderMedia(body.value, `${path}.media`, rendering) : { text: body.value ?? "" };
  const head = documentHead(document);
  return piece.text === undefined ? { ...piece, text: head } : { text: titled(head, piece.text) };
}
