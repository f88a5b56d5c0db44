import { isUtf8 } from "node:buffer";
import type { GatewayError } from "../model/error.ts";
import { badStream } from "./fault.ts";

/**
 * Value of a header: byte, short and int are numbers; long and timestamp (milliseconds since 1970) are bigints; a UUID
 * is text in lower case.
 */
export type EventHeaderValue = boolean | number | bigint | string | Buffer;

/** Headers of a message by name. */
export type EventHeaders = ReadonlyMap<string, EventHeaderValue>;

/** Bytes of a value by the number of its type; types 6 and 7 (bytes, text) tell their length in two bytes before it. */
const fixedBytes: readonly (number | undefined)[] = [0, 0, 1, 2, 4, 8, undefined, undefined, 8, 16];
const longestType = 9;
const lengthBytes = 2;

/** Reads a block of headers. Throws PROVIDER_BAD_RESPONSE where it is broken or names a header twice. */
export function readHeaders(block: Buffer): EventHeaders {
  const headers = new Map<string, EventHeaderValue>();
  let at = 0;
  while (at < block.length) {
    const nameEnd = at + 1 + block.readUInt8(at);
    if (nameEnd === at + 1) throw badEventStream("a header without a name");
    if (nameEnd >= block.length) throw badEventStream("a header that is cut off");
    const name = textOf(block.subarray(at + 1, nameEnd));
    const type = block.readUInt8(nameEnd);
    if (type > longestType) throw badEventStream("a header of an unknown type");
    const start = nameEnd + 1 + (fixedBytes[type] === undefined ? lengthBytes : 0);
    if (start > block.length) throw badEventStream("a header that is cut off");
    at = start + (fixedBytes[type] ?? block.readUInt16BE(nameEnd + 1));
    if (at > block.length) throw badEventStream("a header that is cut off");
    if (headers.has(name)) throw badEventStream("a header twice");
    headers.set(name, readValue(type, block.subarray(start, at)));
  }
  return headers;
}

function readValue(type: number, bytes: Buffer): EventHeaderValue {
  switch (type) {
    case 0:
    case 1:
      return type === 0;
    case 2:
      return bytes.readInt8();
    case 3:
      return bytes.readInt16BE();
    case 4:
      return bytes.readInt32BE();
    case 5:
    case 8:
      return bytes.readBigInt64BE();
    case 6:
      return Buffer.from(bytes);
    case 7:
      return textOf(bytes);
    default:
      return uuidOf(bytes.toString("hex"));
  }
}

function uuidOf(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw badEventStream("a header that is not UTF-8");
  return bytes.toString("utf8");
}

/** The bytes break the format: they hold `what`. */
export function badEventStream(what: string): GatewayError {
  return badStream("bad_event_stream", `${what} in an event stream`);
}
