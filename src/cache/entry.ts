import { fromBinary, isMessage, toBinary } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import type { CompleteResponse } from "../../gen/llmhub/v1/completion_pb.ts";
import type { EmbedResponse } from "../../gen/llmhub/v1/embedding_pb.ts";
import type { RerankResponse } from "../../gen/llmhub/v1/rerank_service_pb.ts";

/** What answers are kept as: the message of their service, without what belongs to one call. */
export type Answer = CompleteResponse | EmbedResponse | RerankResponse;

/** An answer and what there is to know of it. */
export interface Entry<A extends Answer = Answer> {
  /** Its routing says which target gave it, and what that called its model. */
  readonly answer: A;
  /** When it was given, in milliseconds since 1970. */
  readonly madeMs: number;
  /** For how long it is as good as new. */
  readonly ttlMs: number;
}

/** The time when it was made, and how long it is good, as 64-bit floats. */
const headerBytes = 16;

/** An entry as a store keeps it. */
export function encodeEntry<A extends Answer>(schema: GenMessage<A>, { answer, madeMs, ttlMs }: Entry<A>): Uint8Array {
  const message = toBinary(schema, answer);
  const bytes = new Uint8Array(headerBytes + message.length);
  const header = new DataView(bytes.buffer);
  header.setFloat64(0, madeMs);
  header.setFloat64(8, ttlMs);
  bytes.set(message, headerBytes);
  return bytes;
}

/** What a store kept; undefined if the bytes are none of ours. */
export function decodeEntry<A extends Answer>(schema: GenMessage<A>, bytes: Uint8Array): Entry<A> | undefined {
  try {
    const header = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
    const [madeMs, ttlMs] = [header.getFloat64(0), header.getFloat64(8)];
    const answer = fromBinary(schema, bytes.subarray(headerBytes));
    return answer.routing !== undefined && Number.isFinite(madeMs + ttlMs) ? { answer, madeMs, ttlMs } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether an entry is of that kind: a key leads to no other, but types do not say so. */
export function isOf<A extends Answer>(schema: GenMessage<A>, entry: Entry): entry is Entry<A> {
  return isMessage(entry.answer, schema);
}
