import type { StreamCompleteResponse } from "../../gen/llmhub/v1/completion_pb.ts";

type Event = StreamCompleteResponse["event"];

/**
 * One typed piece of an answer: the event of the proto message itself. Providers yield part_started, part_delta,
 * part_finished, usage and finished; restarted is added by who goes on with another of them, started and heartbeat where the
 * stream is served.
 */
export type Chunk = Exclude<Event, { case: undefined }>;

/** The chunk of one kind. */
export type ChunkOf<Case extends Chunk["case"]> = Extract<Chunk, { case: Case }>;

const noLogprobs: never[] = [];

/**
 * The commonest chunk, as a plain literal: create() costs ten times as much. Its logprobs are one shared empty list,
 * so nobody may add to them.
 */
export function textDelta(index: number, text: string): ChunkOf<"partDelta"> {
  return {
    case: "partDelta",
    value: {
      $typeName: "llmhub.v1.PartDelta",
      index,
      delta: { case: "text", value: text },
      logprobs: noLogprobs,
    },
  };
}
