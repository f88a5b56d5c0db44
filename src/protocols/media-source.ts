import type { MediaPart } from "../../gen/llmhub/v1/content_pb.ts";
import { bareType, headBytes, sniff, typeOfName } from "./mime-type.ts";
import type { Capability } from "./rendering.ts";

/** Types besides text/… whose bytes are text. */
const textTypes = /^text\/|^application\/(json|xml|yaml|x-yaml|javascript|[\w.-]+\+(json|xml))$/;

/**
 * Type of media, without parameters and in lower case: as given; where that is nothing or a class ("image/*"), by the
 * data: URI, the first bytes, the file name, the path of the address. "image/*" for an address that tells nothing, since
 * whoever takes addresses looks for itself. The class, or empty, for bytes that tell nothing.
 */
export function mimeTypeOf(media: MediaPart): string {
  const given = bareType(media.mimeType);
  if (given !== "" && !given.endsWith("/*")) return given;
  const { source, filename } = media;
  switch (source.case) {
    case "data":
      return sniff(source.value) || typeOfName(filename) || given;
    case "uri": {
      const inline = dataUriOf(source.value);
      if (inline === undefined) {
        return typeOfName(filename) || typeOfName(source.value.replace(/[?#].*$/s, "")) || given || "image/*";
      }
      return inline.mimeType || sniff(headOf(inline)) || typeOfName(filename) || given || "text/plain";
    }
    default:
      return typeOfName(filename) || given;
  }
}

/** What a target lacks that does not take media of this type. */
export function capabilityOf(mimeType: string): Capability {
  const [kind] = mimeType.split("/");
  return kind === "image" || kind === "audio" || kind === "video" ? `${kind}_input` : "media_type";
}

/** Whether bytes of this type can be given to a model as text. */
export function isTextType(mimeType: string): boolean {
  return textTypes.test(mimeType);
}

/** Where on the web the media is; undefined for bytes, data: URIs and files at a provider. */
export function addressOf({ source }: MediaPart): string | undefined {
  return source.case === "uri" && !/^data:/i.test(source.value) ? source.value : undefined;
}

/** The bytes, where they are in the request at all: given as such, or in a data: URI. Not a copy. */
export function bytesOf({ source }: MediaPart): Buffer | undefined {
  if (source.case === "data") {
    const { buffer, byteOffset, byteLength } = source.value;
    return Buffer.from(buffer, byteOffset, byteLength);
  }
  const inline = source.case === "uri" ? dataUriOf(source.value) : undefined;
  if (inline === undefined) return undefined;
  return Buffer.from(inline.payload, inline.isBase64 ? "base64" : "utf8");
}

/** The same bytes in base64 with padding. */
export function base64Of(media: MediaPart): string | undefined {
  const { source } = media;
  const inline = source.case === "uri" ? dataUriOf(source.value) : undefined;
  const isReady = inline?.isBase64 && inline.payload.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(inline.payload);
  return isReady ? inline.payload : bytesOf(media)?.toString("base64");
}

/** A data: URI (RFC 2397) in pieces. */
interface DataUri {
  /** Empty where it names none. */
  readonly mimeType: string;
  readonly isBase64: boolean;
  /** Without percent signs. */
  readonly payload: string;
}

function dataUriOf(uri: string): DataUri | undefined {
  if (!/^data:/i.test(uri)) return undefined;
  const comma = uri.indexOf(",");
  const head = comma === -1 ? uri.slice(5) : uri.slice(5, comma);
  const payload = comma === -1 ? "" : uri.slice(comma + 1);
  return { mimeType: bareType(head), isBase64: /;\s*base64$/i.test(head), payload: unescaped(payload) };
}

function unescaped(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function headOf({ isBase64, payload }: DataUri): Buffer {
  return Buffer.from(payload.slice(0, headBytes * 2), isBase64 ? "base64" : "utf8");
}
