import { create } from "@bufbuild/protobuf";
import { type CompleteResponse, CompleteResponseSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { CostSchema, UsageSchema } from "../../gen/llmhub/v1/usage_pb.ts";
import type { Chunk } from "../model/chunk.ts";
import type { Reply } from "../model/reply.ts";
import { unfold } from "../model/unfold.ts";
import type { AnswerKind } from "./answer.ts";
import { recorded } from "./recording.ts";

/** Generated answers: a stream and a whole answer are the same, and a hit is a stream of the same sum. */
export const completions: AnswerKind<Reply, CompleteResponse> = {
  operation: "complete",
  schema: CompleteResponseSchema,
  // Whoever writes it down gave up one that is too large.
  bytesMin: () => 0,
  record: (reply, bytesMax, ended) =>
    withChunks(reply, recorded(reply.chunks, { bytesMax, settled: reply.outcome, ended })),
  finish: async ({ chunks }) => {
    for await (const _ of chunks);
  },
  replay: (answer, served) => {
    const free = create(CostSchema, { total: { currencyCode: "USD", amountNanos: 0n } });
    // Answers of the cache are kept without what they cost.
    const { usage = create(UsageSchema), cost = answer.usage === undefined ? free : undefined } = answer;
    return { ...served, chunks: inOneBatch(unfold({ ...answer, usage, ...(cost && { cost }), warnings: [] })) };
  },
};

/** The reply with other chunks. What it tells of itself may change while it comes, and is known for certain at its end. */
function withChunks(reply: Reply, chunks: Reply["chunks"]): Reply {
  return {
    get attempt() {
      return reply.attempt;
    },
    get sentMs() {
      return reply.sentMs;
    },
    get firstOutputMs() {
      return reply.firstOutputMs;
    },
    get upstreamRequestId() {
      return reply.upstreamRequestId;
    },
    get upstreamModel() {
      return reply.upstreamModel;
    },
    get warnings() {
      return reply.warnings;
    },
    get restarts() {
      return reply.restarts ?? 0;
    },
    outcome: reply.outcome,
    chunks,
  };
}

async function* inOneBatch(chunks: readonly Chunk[]): AsyncGenerator<readonly Chunk[]> {
  yield chunks;
}
