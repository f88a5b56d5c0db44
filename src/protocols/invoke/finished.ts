import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { FinishReason, StreamFinishedSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { UsageSchema } from "../../../gen/llmhub/v1/usage_pb.ts";
import type { ChunkOf } from "../../model/chunk.ts";

/** The end of an answer that is one value; without a usage the gateway estimates it. */
export function finished(usage?: MessageInitShape<typeof UsageSchema>): ChunkOf<"finished"> {
  const known = usage === undefined ? {} : { usage: create(UsageSchema, usage) };
  return { case: "finished", value: create(StreamFinishedSchema, { finishReason: FinishReason.STOP, ...known }) };
}
