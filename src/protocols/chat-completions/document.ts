import type { DocumentPart, MediaPart } from "../../../gen/llmhub/v1/content_pb.ts";
import { documentText } from "../document-text.ts";
import type { LossReport } from "./loss-report.ts";
import { renderMedia } from "./media.ts";
import type { ChatPart } from "./wire.ts";

/** A document as text under its title and source, or as a file under its title. */
export function renderDocument(document: DocumentPart, path: string, losses: LossReport): ChatPart {
  const { body, title, uri, citable } = document;
  if (citable) losses.warn("SETTING_IGNORED", `${path}.citable`, "this dialect cannot ask for citations of documents");
  if (body.case === "text") return { type: "text", text: documentText(document, body.value) };
  if (body.case !== "media") throw losses.invalid(path, "has neither text nor media");
  if (uri !== "") losses.warn("SETTING_IGNORED", `${path}.uri`, "the source of a file cannot be told in this dialect");
  const { filename } = body.value;
  if (title !== "" && filename !== "" && title !== filename) {
    losses.warn("SETTING_IGNORED", `${path}.title`, "a file has one name in this dialect, and it has a filename");
  }
  const media: MediaPart = filename === "" ? { ...body.value, filename: title } : body.value;
  return renderMedia(media, `${path}.media`, losses);
}
