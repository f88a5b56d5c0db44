import type { DocumentPart, MediaPart } from "../../../gen/llmhub/v1/content_pb.ts";
import { addressOf, base64Of, capabilityOf, isTextType, mimeTypeOf } from "../media-source.ts";
import { demandAddress } from "../media-uri.ts";
import type { Rendering } from "./rendering.ts";
import type { Block } from "./wire.ts";

const office = "application/vnd.openxmlformats-officedocument";

/** The API's names of formats by kind of block and media type. */
const formats: Readonly<Record<string, ReadonlyMap<string, string>>> = {
  image: new Map(["png", "jpeg", "gif", "webp"].map((format) => [`image/${format}`, format])),
  document: new Map([
    ["application/pdf", "pdf"],
    ["text/csv", "csv"],
    ["application/msword", "doc"],
    [`${office}.wordprocessingml.document`, "docx"],
    ["application/vnd.ms-excel", "xls"],
    [`${office}.spreadsheetml.sheet`, "xlsx"],
    ["text/html", "html"],
    ["text/plain", "txt"],
    ["text/markdown", "md"],
  ]),
  video: new Map([
    ["video/x-matroska", "mkv"],
    ["video/quicktime", "mov"],
    ["video/mp4", "mp4"],
    ["video/webm", "webm"],
    ["video/x-flv", "flv"],
    ["video/mpeg", "mpeg"],
    ["video/x-ms-wmv", "wmv"],
    ["video/3gpp", "three_gp"],
  ]),
  audio: new Map([
    ["audio/mpeg", "mp3"],
    ["audio/opus", "opus"],
    ["audio/wav", "wav"],
    ["audio/aac", "aac"],
    ["audio/flac", "flac"],
    ["audio/mp4", "mp4"],
    ["audio/ogg", "ogg"],
    ["audio/webm", "webm"],
  ]),
};

/** An object in S3, as AWS's own pattern has it. */
const s3Address = /^s3:\/\/[a-z0-9][.\-a-z0-9]{1,61}[a-z0-9](\/.*)?$/;

/** Whether a file goes as a document, which citations count. */
export function isDocument(media: MediaPart): boolean {
  return kindOf(mimeTypeOf(media)) === "document";
}

/** An image, document, video or audio block. Throws for kinds of media that the place, a message or the result of a tool, cannot carry. */
export function renderMedia(media: MediaPart, path: string, rendering: Rendering, isResult = false): Block {
  const source = sourceOf(media, path, rendering);
  const mimeType = mimeTypeOf(media);
  const kind = kindOf(mimeType);
  if (kind === undefined || (isResult && kind === "audio")) throw unsupportedType(mimeType, path, rendering);
  if (media.detail !== "" && media.detail !== "auto") {
    rendering.ignored(`${path}.media.detail`, "the resolution of images cannot be chosen");
  }
  const format = formats[kind]?.get(mimeType) ?? "txt";
  if (kind !== "document") return { [kind]: { format, source } };
  return { document: { format, name: rendering.documentName(media.filename, `${path}.media.filename`), source } };
}

/** A document block with its title, origin and the wish to be cited. */
export function renderDocument(document: DocumentPart, path: string, rendering: Rendering): Block {
  const { body, title, uri, citable } = document;
  const extras = {
    ...(uri === "" ? {} : { context: `Source: ${uri}` }),
    ...(citable ? { citations: { enabled: true } } : {}),
  };
  const name = (given: string) => rendering.documentName(given, `${path}.document.title`);
  if (body.case !== "media") {
    const bytes = Buffer.from(body.value ?? "").toString("base64");
    if (bytes === "") throw rendering.invalid(`${path}.document.text`, "must not be empty");
    return { document: { format: "txt", name: name(title), source: { bytes }, ...extras } };
  }
  const source = sourceOf(body.value, `${path}.document`, rendering);
  const mimeType = mimeTypeOf(body.value);
  if (!isDocument(body.value)) throw unsupportedType(mimeType, `${path}.document`, rendering);
  const format = formats["document"]?.get(mimeType) ?? "txt";
  return { document: { format, name: name(title || body.value.filename), source, ...extras } };
}

/** Text of other kinds, such as code, goes as plain text. */
function kindOf(mimeType: string): string | undefined {
  const known = Object.keys(formats).find((kind) => formats[kind]?.has(mimeType));
  return known ?? (isTextType(mimeType) ? "document" : undefined);
}

function sourceOf(media: MediaPart, path: string, rendering: Rendering): Block {
  const { source } = media;
  if (source.case === "providerFile") {
    const field = `${path}.media.provider_file`;
    if (!rendering.isOwn(source.value.provider)) {
      throw rendering.unsupported(field, "provider_file", "the file is at another provider");
    }
    const uri = source.value.fileId;
    if (!s3Address.test(uri)) throw rendering.invalid(`${field}.file_id`, "must be an address like s3://bucket/key");
    return { s3Location: { uri } };
  }
  const address = addressOf(media);
  if (address !== undefined) {
    demandAddress(media, `${path}.media.uri`, rendering);
    throw rendering.unsupported(`${path}.media.uri`, "media_url", "media cannot be sent by their address");
  }
  const bytes = base64Of(media);
  if (bytes === undefined)
    throw rendering.invalid(`${path}.media.source`, "one of data, uri, provider_file is required");
  return { bytes };
}

function unsupportedType(mimeType: string, path: string, rendering: Rendering): Error {
  return rendering.unsupported(`${path}.media.mime_type`, capabilityOf(mimeType), `"${mimeType}" cannot be sent here`);
}
