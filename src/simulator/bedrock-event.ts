import { encodeEvent } from "../stream/event-stream-encoder.ts";
import type { Frame } from "./dialect.ts";
import { fraction } from "./identifier.ts";

/** What pads every payload, so that its length does not tell how long the text in it is. */
const padding = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/** An event with padding that follows from what it says. */
export function bedrockEvent(type: string, fields: object, tokens = 0): Frame {
  const p = padding.slice(0, Math.ceil(fraction(JSON.stringify(fields), type) * padding.length));
  const headers = { ":event-type": type, ":content-type": "application/json", ":message-type": "event" };
  return { text: encodeEvent(headers, Buffer.from(JSON.stringify({ ...fields, p }))), tokens };
}
