import type { OutgoingHttpHeaders } from "node:http";
import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { StatusSchema } from "../../../gen/google/rpc/status_pb.ts";
import type { GatewayError } from "../../model/error.ts";

/**
 * Most bytes of all details together: gRPC C-core refuses metadata above 8 KiB, and base64 adds a third
 * (grpc/grpc#37852).
 */
const detailsBytesMax = 4096;

/** Most bytes of grpc-message, whose encoding can triple it. */
const messageBytesMax = 1536;

/** Trailers of a call that succeeded. */
export const okTrailers: OutgoingHttpHeaders = { "grpc-status": "0" };

/** Trailers of errors that many calls end with: to encode them once is most of what makes a refusal cheap. */
const sharedTrailers = new WeakMap<GatewayError, OutgoingHttpHeaders>();

/** Trailers of a call that failed, with google.rpc.Status in grpc-status-details-bin. Never throws. */
export function errorTrailers(error: GatewayError): OutgoingHttpHeaders {
  try {
    if (!error.isShared) return trailersOf(error);
    const known = sharedTrailers.get(error) ?? trailersOf(error);
    sharedTrailers.set(error, known);
    return known;
  } catch {
    // A detail that cannot be encoded is a bug, and must cost this call its details, not all calls their process.
    return { "grpc-status": String(error.code), "grpc-message": percentEncode(error.rawMessage) };
  }
}

function trailersOf(error: GatewayError): OutgoingHttpHeaders {
  const trailers: OutgoingHttpHeaders = {
    "grpc-status": String(error.code),
    "grpc-message": percentEncode(error.rawMessage),
    "grpc-status-details-bin": detailsOf(error),
  };
  error.metadata.forEach((value, name) => {
    trailers[name] = value;
  });
  return trailers;
}

/** Drops the largest details until the rest fits; ErrorInfo, the first, always stays. */
function detailsOf(error: GatewayError): string {
  const details = error.details.flatMap((detail) =>
    "desc" in detail ? [anyPack(detail.desc, create(detail.desc, detail.value))] : [],
  );
  const size = () => details.reduce((sum, { value }) => sum + value.length + 64, error.rawMessage.length);
  while (details.length > 1 && size() > detailsBytesMax) {
    const largest = details.slice(1).reduce((a, b) => (b.value.length > a.value.length ? b : a));
    details.splice(details.indexOf(largest), 1);
  }
  const status = create(StatusSchema, { code: error.code, message: error.rawMessage, details });
  return Buffer.from(toBinary(StatusSchema, status)).toString("base64").replace(/=+$/, "");
}

/** Percent-encoding of grpc-message, bounded: printable ASCII but "%" stays as it is. */
function percentEncode(message: string): string {
  if (/^[ -$&-~]*$/.test(message)) return message;
  let encoded = "";
  for (const byte of Buffer.from(message)) {
    if (encoded.length > messageBytesMax) break;
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}
