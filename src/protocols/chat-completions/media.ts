import type { MediaPart } from "../../../gen/llmhub/v1/content_pb.ts";
import { checkMediaUri } from "../media-uri.ts";
import type { LossReport } from "./loss-report.ts";
import type { ChatPart } from "./wire.ts";

/** Type by file name, for callers who give no mime_type. */
const types: ReadonlyMap<string, string> = new Map([
  ["png", "image/png"],
  ["jpg", "image/jpeg"],
  ["jpeg", "image/jpeg"],
  ["gif", "image/gif"],
  ["webp", "image/webp"],
  ["wav", "audio/wav"],
  ["mp3", "audio/mpeg"],
  ["pdf", "application/pdf"],
  ["txt", "text/plain"],
  ["md", "text/markdown"],
]);

/** First bytes of the image types that the dialect takes, in hexadecimal. */
const signatures: readonly (readonly [RegExp, string])[] = [
  [/^89504e47/, "image/png"],
  [/^ffd8ff/, "image/jpeg"],
  [/^47494638/, "image/gif"],
  [/^52494646.{8}57454250/, "image/webp"],
];

const audioFormats: ReadonlyMap<string, "wav" | "mp3"> = new Map<string, "wav" | "mp3">([
  ["audio/wav", "wav"],
  ["audio/x-wav", "wav"],
  ["audio/wave", "wav"],
  ["audio/mpeg", "mp3"],
  ["audio/mp3", "mp3"],
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
      "files",
      `the file lives at provider "${source.value.provider}"; send its bytes instead`,
    );
  }
  const refusal = source.case === "uri" ? checkMediaUri(source.value) : undefined;
  if (refusal !== undefined) throw losses.invalid(`${path}.uri`, refusal);
  const type = typeOf(media);
  if (type === "") throw losses.invalid(`${path}.mime_type`, "is needed: the type cannot be told from the content");
  if (type.startsWith("image/")) return renderImage(media, type);
  if (type.startsWith("audio/")) return renderAudio(media, type, path, losses);
  if (type.startsWith("video/")) throw losses.unsupported(path, "video", "video cannot be sent in this dialect");
  return renderFile(media, type, path, losses);
}

function renderImage(media: MediaPart, type: string): ChatPart {
  const { detail } = media;
  const url = media.source.case === "uri" ? media.source.value : dataUri(media, type);
  return { type: "image_url", image_url: { url, ...(detail === "" ? {} : { detail }) } };
}

function renderAudio(media: MediaPart, type: string, path: string, losses: LossReport): ChatPart {
  const data = base64Of(media);
  if (data === undefined) throw losses.unsupported(`${path}.uri`, "audio", "sound must be sent inline, not by address");
  const format = audioFormats.get(type);
  if (format === undefined) {
    throw losses.unsupported(`${path}.mime_type`, "audio", `sound must be WAV or MP3, not ${type}`);
  }
  return { type: "input_audio", input_audio: { data, format } };
}

function renderFile(media: MediaPart, type: string, path: string, losses: LossReport): ChatPart {
  const data = base64Of(media);
  if (data === undefined) {
    throw losses.unsupported(`${path}.uri`, "files", "files must be sent inline or be uploaded before, not by address");
  }
  const { filename } = media;
  if (type.startsWith("text/")) return textPart(filename, Buffer.from(data, "base64").toString());
  const name = filename === "" ? `file.${type.slice(type.indexOf("/") + 1)}` : filename;
  return { type: "file", file: { filename: name, file_data: `data:${type};base64,${data}` } };
}

/** Text under a title, as the model should read it. */
export function textPart(title: string, text: string): { readonly type: "text"; readonly text: string } {
  return { type: "text", text: title === "" ? text : `${title}\n\n${text}` };
}

/** Without parameters and in lower case; empty when it cannot be told. */
function typeOf({ source, mimeType, filename }: MediaPart): string {
  const given = mimeType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (given !== "" && given !== "image/*") return given;
  if (source.case === "data") return sniff(source.value) ?? typeOfName(filename);
  const uri = source.case === "uri" ? source.value : "";
  const inline = /^data:([^;,]+)/i.exec(uri)?.[1]?.toLowerCase();
  // An address alone is taken for a picture: it is the only thing that the dialect can fetch.
  return inline ?? (typeOfName(filename) || given || typeOfName(uri.replace(/[?#].*$/s, "")) || "image/*");
}

function typeOfName(name: string): string {
  return types.get(name.slice(name.lastIndexOf(".") + 1).toLowerCase()) ?? "";
}

function sniff(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, 12)).toString("hex");
  return signatures.find(([signature]) => signature.test(head))?.[1];
}

function dataUri(media: MediaPart, type: string): string {
  return `data:${type};base64,${base64Of(media) ?? ""}`;
}

/** The bytes in base64, when they are in the request at all: as bytes or in a base64 data: URI. */
function base64Of({ source }: MediaPart): string | undefined {
  if (source.case === "data") {
    const { buffer, byteOffset, byteLength } = source.value;
    return Buffer.from(buffer, byteOffset, byteLength).toString("base64");
  }
  if (source.case !== "uri") return undefined;
  const head = /^data:[^,]*;base64,/i.exec(source.value)?.[0];
  return head === undefined ? undefined : source.value.slice(head.length);
}
