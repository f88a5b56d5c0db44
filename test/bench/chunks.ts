import { create } from "@bufbuild/protobuf";
import { PartStartedSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { type Chunk, textDelta } from "../../src/model/chunk.ts";

/** The beginning of a text, which deltas follow. */
export const textBegins: Chunk = {
  case: "partStarted",
  value: create(PartStartedSchema, { part: { part: { case: "text", value: "" } } }),
};

/** A hundred deltas, as they come in a burst. */
export function deltas(): readonly Chunk[] {
  return Array.from({ length: 100 }, (_, i) => textDelta(0, ` word${i}`));
}
