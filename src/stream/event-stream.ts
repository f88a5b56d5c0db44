import { crc32 } from "node:zlib";
import { badEventStream, type EventHeaders, readHeaders } from "./event-stream-headers.ts";
import { badStream, tooLarge } from "./fault.ts";

/** Receives the messages of an event stream, in order. The payload is part of a larger buffer: copy what is to be kept. */
export interface EventStreamSink {
  message(headers: EventHeaders, payload: Buffer): void;
}

/** Longest message and longest block of headers, in bytes: the limits of AWS's own decoders. */
const messageBytesMax = 16 * 1024 * 1024;
const headerBytesMax = 128 * 1024;

/** Length of the message, length of its headers, and the checksum of both. */
const preludeBytes = 12;
const checksumBytes = 4;

const nothing = Buffer.alloc(0);

/**
 * Messages of application/vnd.amazon.eventstream, with both checksums verified; independent of how the bytes are cut.
 * Holds what came of one message at most. Throws PROVIDER_BAD_RESPONSE when the format is broken or a limit is passed.
 */
export class EventStreamParser {
  readonly #sink: EventStreamSink;
  /** The beginning of a message, with room for more. */
  #begun = nothing;
  #begunBytes = 0;
  /** What it takes to go on: the prelude, then the message. */
  #wantedBytes = preludeBytes;
  /** A stream repeats one block of headers again and again. */
  #headerBlock = nothing;
  #headers: EventHeaders = new Map();

  constructor(sink: EventStreamSink) {
    this.#sink = sink;
  }

  push(bytes: Buffer): void {
    let start = 0;
    while (start < bytes.length)
      start += this.#begunBytes === 0 ? this.#take(bytes, start) : this.#complete(bytes, start);
  }

  /** Nothing more will come. Throws where a message is cut off. */
  end(): void {
    if (this.#begunBytes > 0) throw badStream("truncated", "an event stream that ends within a message");
  }

  /** Takes a message that lies in `bytes` whole, or begins to hold it. Returns how many bytes it took. */
  #take(bytes: Buffer, start: number): number {
    const left = bytes.length - start;
    this.#wantedBytes = left < preludeBytes ? preludeBytes : lengthOf(bytes, start);
    if (left < this.#wantedBytes) return this.#hold(bytes, start, left);
    this.#deliver(bytes.subarray(start, start + this.#wantedBytes));
    return this.#wantedBytes;
  }

  /** Goes on with the message that has begun. Returns how many bytes it took. */
  #complete(bytes: Buffer, start: number): number {
    const taken = this.#hold(bytes, start, Math.min(this.#wantedBytes - this.#begunBytes, bytes.length - start));
    if (this.#begunBytes === preludeBytes) this.#wantedBytes = lengthOf(this.#begun, 0);
    if (this.#begunBytes < this.#wantedBytes) return taken;
    const message = this.#begun.subarray(0, this.#begunBytes);
    this.#begun = nothing;
    this.#begunBytes = 0;
    this.#deliver(message);
    return taken;
  }

  /** Room grows with what came, not with what is announced. */
  #hold(bytes: Buffer, start: number, count: number): number {
    const needed = this.#begunBytes + count;
    if (needed > this.#begun.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#begun.length, 256));
      this.#begun.copy(larger, 0, 0, this.#begunBytes);
      this.#begun = larger;
    }
    bytes.copy(this.#begun, this.#begunBytes, start, start + count);
    this.#begunBytes = needed;
    return count;
  }

  #deliver(message: Buffer): void {
    const checked = message.length - checksumBytes;
    if (crc32(message.subarray(0, checked)) !== message.readUInt32BE(checked))
      throw badEventStream("a wrong checksum of a message");
    const headersEnd = preludeBytes + message.readUInt32BE(4);
    const block = message.subarray(preludeBytes, headersEnd);
    if (!block.equals(this.#headerBlock)) {
      this.#headers = readHeaders(block);
      this.#headerBlock = Buffer.from(block);
    }
    this.#sink.message(this.#headers, message.subarray(headersEnd, checked));
  }
}

/** The length of the message whose prelude begins at `start`, once the prelude is found sound. */
function lengthOf(bytes: Buffer, start: number): number {
  if (crc32(bytes.subarray(start, start + 8)) !== bytes.readUInt32BE(start + 8)) {
    throw badEventStream("a wrong checksum of a prelude");
  }
  const length = bytes.readUInt32BE(start);
  const headerBytes = bytes.readUInt32BE(start + 4);
  if (length > messageBytesMax) throw tooLarge("a message", messageBytesMax);
  if (headerBytes > headerBytesMax) throw tooLarge("headers of a message", headerBytesMax);
  if (length < preludeBytes + headerBytes + checksumBytes) throw badEventStream("lengths that contradict each other");
  return length;
}
