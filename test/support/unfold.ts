import { create } from "@bufbuild/protobuf";
import { type CompleteResponse, StreamStartedSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import type { Chunk } from "../../src/model/chunk.ts";
import { unfold } from "../../src/model/unfold.ts";

/** The events of a whole answer, from started to finished. */
export function eventsOf(response: CompleteResponse): Chunk[] {
  const { id, routing, createTime, warnings } = response;
  return [
    { case: "started", value: create(StreamStartedSchema, { id, routing, createTime, warnings }) },
    ...unfold(response),
  ];
}
