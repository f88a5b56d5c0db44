import { fromBinary } from "@bufbuild/protobuf";
import { StreamCompleteResponseSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Chunk } from "../../model/chunk.ts";
import { envelopeBytes } from "../event-encoder.ts";

/** Sizes of blocks: most answers fit into the first ones, long ones take few. */
const firstBlockBytes = 1024;
const blockBytesMax = 64 * 1024;
/** First byte of a numbered event: the tag of its sequence. Heartbeats have none. */
const sequenceTag = 0x08;

/** Bytes in a row. */
interface Block {
  readonly bytes: Buffer;
  /** Place of its first byte in the stream. */
  readonly from: number;
  /** Sequence number of the event before its first. */
  readonly after: number;
  used: number;
}

/** What was read, and the place in the stream to read on from. */
export interface Reading {
  readonly events: Chunk[];
  readonly place: number;
}

/** Messages in a row, the sequence number of the last event up to their end, and the place to read on from. */
export interface Piece {
  readonly messages: Buffer;
  readonly sequence: number;
  readonly place: number;
}

/**
 * The newest events of one stream as the gRPC messages that were sent. They are copied, a few dozen bytes per batch, so
 * that nothing of the call stays in memory for them; places are counted in bytes from the beginning of the stream.
 */
export class Journal {
  readonly #blocks: Block[] = [];
  readonly #bytesMax: number;
  readonly #grown: (bytes: number) => void;
  #bytes = 0;
  #end = 0;
  #sequence = 0;

  /**
   * @param bytesMax above it the oldest events are dropped, a block of up to 64 KiB at a time.
   * @param grown told of each change of the memory that it takes, in bytes.
   */
  constructor(bytesMax: number, grown: (bytes: number) => void) {
    this.#bytesMax = bytesMax;
    this.#grown = grown;
  }

  /** Of the last event in it; 0: there is none yet. */
  get sequence(): number {
    return this.#sequence;
  }

  /** The place after the last event. */
  get end(): number {
    return this.#end;
  }

  /** Memory that it takes. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Takes whole messages.
   * @param sequence of the last event among them.
   */
  append(messages: Buffer, sequence: number): void {
    let block = this.#blocks[this.#blocks.length - 1];
    if (block === undefined || block.used + messages.length > block.bytes.length) block = this.#open(messages.length);
    block.bytes.set(messages, block.used);
    block.used += messages.length;
    this.#end += messages.length;
    this.#sequence = sequence;
  }

  /** The place after an event. Undefined: the event after it is not kept any more. */
  placeAfter(sequence: number): number | undefined {
    const block = this.#blocks.findLast(({ after }) => after <= sequence);
    if (block === undefined) return undefined;
    let at = 0;
    for (let left = sequence - block.after; left > 0 && at < block.used; at = nextMessage(block.bytes, at)) {
      if (block.bytes[at + envelopeBytes] === sequenceTag) left--;
    }
    return block.from + at;
  }

  /** The events from a place on, up to the end of a block. Undefined: the place is not kept any more. */
  read(place: number): Reading | undefined {
    const piece = this.piece(place);
    if (piece === undefined) return undefined;
    return { events: numberedIn(piece.messages).map(({ event }) => event), place: piece.place };
  }

  /** The messages from a place on, up to the end of a block. Undefined: the place is not kept any more. */
  piece(place: number): Piece | undefined {
    const index = this.#blocks.findIndex(({ from, used }) => place < from + used);
    const block = this.#blocks[index];
    if (block === undefined) return { messages: nothing, sequence: this.#sequence, place };
    if (place < block.from) return undefined;
    return {
      messages: block.bytes.subarray(place - block.from, block.used),
      sequence: this.#blocks[index + 1]?.after ?? this.#sequence,
      place: block.from + block.used,
    };
  }

  #open(bytes: number): Block {
    const size = Math.max(bytes, Math.min(blockBytesMax, Math.max(firstBlockBytes, this.#bytes)));
    const block: Block = {
      bytes: Buffer.allocUnsafeSlow(size),
      from: this.#end,
      after: this.#sequence,
      used: 0,
    };
    this.#blocks.push(block);
    let grown = size;
    while (this.#bytes + grown > this.#bytesMax && this.#blocks.length > 1) {
      grown -= this.#blocks.shift()?.bytes.length ?? 0;
    }
    this.#bytes += grown;
    this.#grown(grown);
    return block;
  }
}

const nothing = Buffer.alloc(0);

/** An event and its place in the sequence. */
export interface Numbered {
  readonly sequence: number;
  readonly event: Chunk;
}

/** The events of whole gRPC messages that have a number. */
export function numberedIn(messages: Buffer): Numbered[] {
  const events: Numbered[] = [];
  for (let at = 0; at < messages.length; ) {
    const next = nextMessage(messages, at);
    const { sequence, event } = fromBinary(StreamCompleteResponseSchema, messages.subarray(at + envelopeBytes, next));
    if (sequence > 0 && event.case !== undefined) events.push({ sequence, event });
    at = next;
  }
  return events;
}

function nextMessage(bytes: Buffer, at: number): number {
  return at + envelopeBytes + bytes.readUInt32BE(at + 1);
}
