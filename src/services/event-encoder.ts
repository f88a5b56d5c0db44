import { create, toBinary } from "@bufbuild/protobuf";
import { StreamCompleteResponseSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import type { Chunk } from "../model/chunk.ts";
import { BackwardWriter } from "./backward-writer.ts";
import { eventBytesMax, writeEvent } from "./event-writer.ts";

/** Bytes before each message of gRPC: one flag, four of length. */
export const envelopeBytes = 5;

/** Room for events that are written in one go: more than one read of a socket brings. */
const roomBytes = 64 * 1024;
/** One for all streams: to encode takes no turn of the event loop. */
const writer = new BackwardWriter(roomBytes);

/**
 * Writes events as gRPC messages, a batch into one buffer: by hand, because protobuf-es takes ten times as long; what is
 * rare or very long is left to protobuf-es. Hot path: no object per event. One encoder serves one stream.
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
    const last = this.#sequence + numberedIn(batch);
    let sequence = last;
    let later: Buffer[] | undefined;
    writer.begin();
    for (let i = batch.length - 1; i >= 0; i--) {
      const event = batch[i] as Chunk;
      const bytesMax = eventBytesMax(event);
      if (bytesMax > writer.at) {
        later ??= [];
        if (!writer.isEmpty) later.push(writer.written());
        writer.begin();
      }
      if (bytesMax > roomBytes) later?.push(encoded(sequence, event));
      else writeEvent(writer, event.case === "heartbeat" ? 0 : sequence, event);
      // Heartbeats have no place in the sequence: they are not replayed.
      if (event.case !== "heartbeat") sequence--;
    }
    const first = writer.written();
    this.#sequence = last;
    return later === undefined ? first : Buffer.concat([first, ...later.reverse()]);
  }
}

function numberedIn(batch: readonly Chunk[]): number {
  let count = 0;
  for (let i = 0; i < batch.length; i++) if (batch[i]?.case !== "heartbeat") count++;
  return count;
}

function encoded(sequence: number, event: Chunk): Buffer {
  return enveloped(toBinary(StreamCompleteResponseSchema, create(StreamCompleteResponseSchema, { sequence, event })));
}

/** A message with its envelope. */
export function enveloped(message: Uint8Array): Buffer {
  const buffer = Buffer.allocUnsafe(envelopeBytes + message.length);
  buffer[0] = 0;
  buffer.writeUInt32BE(message.length, 1);
  buffer.set(message, envelopeBytes);
  return buffer;
}
