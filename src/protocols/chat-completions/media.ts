import type { MediaPart } from "../../../gen/llmhub/v1/content_pb.ts";
import { titled } from "../document-text.ts";
import { base64Of, bytesOf, isTextType, mimeTypeOf } from "../media-source.ts";
import { demandAddress } from "../media-uri.ts";
import type { LossReport } from "./loss-report.ts";
import type { ChatPart } from "./wire.ts";

const audioFormats: ReadonlyMap<string, "wav" | "mp3"> = new Map<string, "wav" | "mp3">([
  ["audio/wav", "wav"],
  ["audio/mpeg", "mp3"],
]);

/**
 * A picture, sound or file as a content part. Pictures may stay where they are on the web; sound and files must be inline
 * or, for files, uploaded to this provider before. Text files become text. Throws CAPABILITY_UNSUPPORTED for the rest.
 */
export function renderMedia(media: MediaPart, path: string, losses: LossReport): ChatPart {
  const { source } = media;
  if (source.case === "providerFile") {
    if (losses.isOwn(source.value.provider)) return { type: "file", file: { file_id: source.value.fileId } };
    throw losses.unsupported(
      `${path}.provider_file`,
      "provider_file",
      `the file lives at provider "${source.value.provider}"; send its bytes instead`,
    );
  }
  demandAddress(media, `${path}.uri`, losses);
  const type = mimeTypeOf(media);
  if (type === "") throw losses.invalid(`${path}.mime_type`, "is needed: the type cannot be told from the content");
  if (type.startsWith("image/")) return renderImage(media, type);
  if (type.startsWith("audio/")) return renderAudio(media, type, path, losses);
  if (type.startsWith("video/")) throw losses.unsupported(path, "video_input", "video cannot be sent in this dialect");
  return renderFile(media, type, path, losses);
}

function renderImage(media: MediaPart, type: string): ChatPart {
  const { detail } = media;
  const url = media.source.case === "uri" ? media.source.value : `data:${type};base64,${base64Of(media) ?? ""}`;
  return { type: "image_url", image_url: { url, ...(detail === "" ? {} : { detail }) } };
}

function renderAudio(media: MediaPart, type: string, path: string, losses: LossReport): ChatPart {
  const data = base64Of(media);
  if (data === undefined)
    throw losses.unsupported(`${path}.uri`, "media_url", "sound must be sent inline, not by address");
  const format = audioFormats.get(type);
  if (format === undefined) {
    throw losses.unsupported(`${path}.mime_type`, "audio_input", `sound must be WAV or MP3, not ${type}`);
  }
  return { type: "input_audio", input_audio: { data, format } };
}

function renderFile(media: MediaPart, type: string, path: string, losses: LossReport): ChatPart {
  const bytes = bytesOf(media);
  if (bytes === undefined) {
    throw losses.unsupported(
      `${path}.uri`,
      "media_url",
      "files must be sent inline or be uploaded before, not by address",
    );
  }
  const { filename } = media;
  if (isTextType(type)) return { type: "text", text: titled(filename, bytes.toString()) };
  const name = filename === "" ? `file.${type.slice(type.indexOf("/") + 1)}` : filename;
  return { type: "file", file: { filename: name, file_data: `data:${type};base64,${bytes.toString("base64")}` } };
}
