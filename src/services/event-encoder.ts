import { create, toBinary } from "@bufbuild/protobuf";
import { HeartbeatSchema, StreamCompleteResponseSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import type { Chunk } from "../model/chunk.ts";

/** Bytes before each message of gRPC: one flag, four of length. */
export const envelopeBytes = 5;

/**
 * Most bytes that a delta needs besides its text: envelope 5; sequence 1 + 5; part_delta 1 + 5; index 1 + 5; the text's
 * tag and length 1 + 5.
 */
const deltaOverheadBytes = 29;

// Tags (field number << 3 | wire type) of StreamCompleteResponse and PartDelta. A test compares every byte with protobuf-es.
const sequenceTag = 0x08;
const partDeltaTag = 0x22;
const indexTag = 0x08;
const deltaTags: Readonly<Record<string, number>> = {
  text: 0x12,
  argumentsJson: 0x1a,
  reasoning: 0x22,
  refusal: 0x2a,
};

/**
 * Writes events as gRPC messages, a batch into one buffer: deltas by hand, because protobuf-es takes ten times as long
 * for them, everything else by protobuf-es. Hot path: no allocation per delta. One encoder serves one stream.
 */
export class EventEncoder {
  #sequence: number;

  /** @param after sequence number of the event before the first. */
  constructor(after = 0) {
    this.#sequence = after;
  }

  /** Of the last event that it wrote. */
  get sequence(): number {
    return this.#sequence;
  }

  /** The batch as bytes on the wire. */
  encode(batch: readonly Chunk[]): Buffer {
    const pieces: Buffer[] = [];
    for (let from = 0; from < batch.length; ) {
      const to = endOfDeltas(batch, from);
      if (to > from) pieces.push(this.#deltas(batch, from, to));
      const other = batch[to];
      if (other !== undefined) pieces.push(this.#other(other));
      from = to + 1;
    }
    const [only] = pieces;
    return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
  }

  #deltas(batch: readonly Chunk[], from: number, to: number): Buffer {
    let bytesMax = 0;
    for (let i = from; i < to; i++) bytesMax += deltaOverheadBytes + 3 * textOf(batch[i]).length;
    const buffer = Buffer.allocUnsafe(bytesMax);
    let at = 0;
    for (let i = from; i < to; i++) at = this.#delta(buffer, at, batch[i] as Chunk & { case: "partDelta" });
    return buffer.subarray(0, at);
  }

  /** Writes one delta and returns where it ends. The text goes where a length of its own size leaves room for it. */
  #delta(buffer: Buffer, start: number, { value }: Chunk & { case: "partDelta" }): number {
    const { index, delta } = value;
    const text = delta.value as string;
    const textBytes = utf8Bytes(text);
    const innerBytes = (index === 0 ? 0 : 1 + varintBytes(index)) + 1 + varintBytes(textBytes) + textBytes;
    const sequence = ++this.#sequence;
    const messageBytes = 1 + varintBytes(sequence) + 1 + varintBytes(innerBytes) + innerBytes;
    let at = writeEnvelope(buffer, start, messageBytes);
    buffer[at++] = sequenceTag;
    at = writeVarint(buffer, at, sequence);
    buffer[at++] = partDeltaTag;
    at = writeVarint(buffer, at, innerBytes);
    if (index !== 0) {
      buffer[at++] = indexTag;
      at = writeVarint(buffer, at, index);
    }
    buffer[at++] = deltaTags[delta.case as string] ?? 0;
    at = writeVarint(buffer, at, textBytes);
    return at + writeUtf8(buffer, at, text, textBytes);
  }

  #other(event: Chunk): Buffer {
    // Heartbeats have no place in the sequence: they are not replayed.
    const sequence = event.case === "heartbeat" ? 0 : ++this.#sequence;
    if (event.case === "heartbeat") return heartbeat;
    return enveloped(toBinary(StreamCompleteResponseSchema, create(StreamCompleteResponseSchema, { sequence, event })));
  }
}

/** A message with its envelope. */
export function enveloped(message: Uint8Array): Buffer {
  const buffer = Buffer.allocUnsafe(envelopeBytes + message.length);
  writeEnvelope(buffer, 0, message.length);
  buffer.set(message, envelopeBytes);
  return buffer;
}

const heartbeatEvent = { case: "heartbeat", value: create(HeartbeatSchema) } as const;
const heartbeat = enveloped(
  toBinary(StreamCompleteResponseSchema, create(StreamCompleteResponseSchema, { event: heartbeatEvent })),
);

/** First index from `from` whose chunk is not a plain text delta. */
function endOfDeltas(batch: readonly Chunk[], from: number): number {
  let to = from;
  while (to < batch.length && isPlainDelta(batch[to] as Chunk)) to++;
  return to;
}

function isPlainDelta(chunk: Chunk): boolean {
  if (chunk.case !== "partDelta" || chunk.value.logprobs.length > 0) return false;
  const { case: kind, value } = chunk.value.delta;
  return kind !== undefined && kind !== "citation" && value !== "";
}

function textOf(chunk: Chunk | undefined): string {
  return chunk?.case === "partDelta" ? (chunk.value.delta.value as string) : "";
}

function writeEnvelope(buffer: Buffer, at: number, bytes: number): number {
  buffer[at] = 0;
  buffer[at + 1] = bytes >>> 24;
  buffer[at + 2] = bytes >>> 16;
  buffer[at + 3] = bytes >>> 8;
  buffer[at + 4] = bytes;
  return at + envelopeBytes;
}

function writeVarint(buffer: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  while (rest > 0x7f) {
    buffer[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  buffer[at++] = rest;
  return at;
}

function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  return value < 0x10000000 ? 4 : 5;
}

/** Below this length a loop in JavaScript beats the call into C++. */
const shortChars = 24;

function utf8Bytes(text: string): number {
  if (text.length > shortChars) return Buffer.byteLength(text);
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) return Buffer.byteLength(text);
  }
  return text.length;
}

function writeUtf8(buffer: Buffer, at: number, text: string, bytes: number): number {
  if (bytes !== text.length || text.length > shortChars) return buffer.write(text, at);
  for (let i = 0; i < text.length; i++) buffer[at + i] = text.charCodeAt(i);
  return bytes;
}
