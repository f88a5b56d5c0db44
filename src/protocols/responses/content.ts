import type { ContentPart, DocumentPart, MediaPart, ToolResultPart } from "../../../gen/llmhub/v1/content_pb.ts";
import { documentText, titled } from "../document-text.ts";
import { addressOf, base64Of, bytesOf, isTextType, mimeTypeOf } from "../media-source.ts";
import { demandAddress } from "../media-uri.ts";
import type { Rendering } from "../rendering.ts";
import type { InputContent, InputPart } from "./wire.ts";

/** Parts that a message of the user and the result of a tool can have alike. */
export function renderInput(
  part: ContentPart["part"] | ToolResultPart["part"],
  path: string,
  rendering: Rendering,
): InputPart {
  switch (part.case) {
    case "text":
    case "json":
      return { type: "input_text", text: part.value };
    case "media":
      return renderMedia(part.value, `${path}.media`, rendering);
    case "document":
      return renderDocument(part.value, `${path}.document`, rendering);
    default:
      throw rendering.invalid(path, `a part of kind ${part.case} does not belong in a message of this role`);
  }
}

/** A single plain text takes the short form. */
export function contentOf(parts: readonly InputPart[]): InputContent {
  const [first] = parts;
  if (first === undefined) return "";
  const isPlain = parts.length === 1 && first.type === "input_text" && Object.keys(first).length === 2;
  return isPlain && typeof first["text"] === "string" ? first["text"] : parts;
}

/**
 * A picture or file. Both may stay where they are on the web, or be uploaded to this provider before; text files become
 * text. Throws CAPABILITY_UNSUPPORTED for sound and film, which the dialect has not.
 */
function renderMedia(media: MediaPart, path: string, rendering: Rendering): InputPart {
  const { source } = media;
  demandAddress(media, `${path}.uri`, rendering);
  const type = mimeTypeOf(media);
  if (source.case === "providerFile") {
    const { provider, fileId: file_id } = source.value;
    const elsewhere = `the file lives at provider "${provider}"; send its bytes instead`;
    if (!rendering.isOwn(provider)) throw rendering.unsupported(`${path}.provider_file`, "provider_file", elsewhere);
    return type.startsWith("image/") ? image(media, { file_id }) : { type: "input_file", file_id };
  }
  if (type === "") throw rendering.invalid(`${path}.mime_type`, "is needed: the type cannot be told from the content");
  const [kind = ""] = type.split("/");
  if (kind === "audio" || kind === "video") {
    throw rendering.unsupported(path, `${kind}_input`, `${kind} cannot be sent in this dialect`);
  }
  const address = addressOf(media);
  if (kind === "image") return image(media, { image_url: address ?? `data:${type};base64,${base64Of(media) ?? ""}` });
  if (address !== undefined) return { type: "input_file", file_url: address };
  return renderFile(media, type);
}

function image({ detail }: MediaPart, where: { image_url: string } | { file_id: string }): InputPart {
  return { type: "input_image", detail: detail === "" ? "auto" : detail, ...where };
}

function renderFile(media: MediaPart, type: string): InputPart {
  const { filename } = media;
  if (isTextType(type)) return { type: "input_text", text: titled(filename, bytesOf(media)?.toString() ?? "") };
  const name = filename === "" ? `file.${type.slice(type.indexOf("/") + 1)}` : filename;
  return { type: "input_file", filename: name, file_data: `data:${type};base64,${base64Of(media) ?? ""}` };
}

/** A document as text under its title and source, or as a file under its title. */
function renderDocument(document: DocumentPart, path: string, rendering: Rendering): InputPart {
  const { body, title, uri, citable } = document;
  if (citable) rendering.ignored(`${path}.citable`, "this dialect cannot ask for citations of documents");
  if (body.case === "text") return { type: "input_text", text: documentText(document, body.value) };
  if (body.case !== "media") throw rendering.invalid(path, "has neither text nor media");
  if (uri !== "") rendering.ignored(`${path}.uri`, "the source of a file cannot be told in this dialect");
  const { filename } = body.value;
  if (title !== "" && filename !== "" && title !== filename) {
    rendering.ignored(`${path}.title`, "a file has one name in this dialect, and it has a filename");
  }
  return renderMedia(filename === "" ? { ...body.value, filename: title } : body.value, `${path}.media`, rendering);
}
