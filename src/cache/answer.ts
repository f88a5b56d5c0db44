import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { type CompleteResponse, CompleteResponseSchema, FinishReason } from "../../gen/llmhub/v1/completion_pb.ts";
import { CacheStatus, RoutingInfoSchema } from "../../gen/llmhub/v1/routing_pb.ts";
import { CostSchema, UsageSchema } from "../../gen/llmhub/v1/usage_pb.ts";
import type { Call } from "../model/call.ts";
import type { Chunk } from "../model/chunk.ts";
import type { Outcome, Reply } from "../model/reply.ts";
import type { Target } from "../model/target.ts";
import { timestampOf } from "../model/timestamp.ts";
import { unfold } from "../model/unfold.ts";

/** Ends that leave nothing to be said. */
const complete: ReadonlySet<FinishReason> = new Set([
  FinishReason.STOP,
  FinishReason.STOP_SEQUENCE,
  FinishReason.TOOL_CALLS,
]);

/**
 * What is kept of an answer: what was said, by whom and when, and not what it cost. Undefined for one that is not kept: it
 * is incomplete, or given by another target than the one that was meant to, and must not outlive the failure of that.
 */
export function keptOf(reply: Reply, folded: CompleteResponse, nowMs: number): CompleteResponse | undefined {
  const { target, failures } = reply.attempt;
  const isSecondChoice = failures.some(({ model }) => model !== target.selector);
  if (!complete.has(folded.finishReason) || isSecondChoice) return undefined;
  const { usage: _usage, cost: _cost, ...said } = folded;
  return {
    ...said,
    warnings: [...reply.warnings, ...folded.warnings],
    routing: create(RoutingInfoSchema, { model: target.selector, upstreamModel: reply.upstreamModel }),
    createTime: timestampOf(nowMs),
  };
}

/** An answer as a store keeps it. */
export function encodeAnswer(answer: CompleteResponse): Uint8Array {
  return toBinary(CompleteResponseSchema, answer);
}

/** What a store kept; undefined if the bytes are none of ours. */
export function decodeAnswer(bytes: Uint8Array): CompleteResponse | undefined {
  try {
    const answer = fromBinary(CompleteResponseSchema, bytes);
    return answer.routing === undefined || answer.createTime === undefined ? undefined : answer;
  } catch {
    return undefined;
  }
}

/** When an answer was made, in milliseconds since 1970. */
export function madeMsOf({ createTime }: CompleteResponse): number {
  return createTime === undefined ? 0 : timestampMs(createTime);
}

/** An answer once more, to another call: at no cost, and as a stream of the same sum. */
export function replay(call: Call, answer: CompleteResponse, target: Target, policy: string): Reply {
  const nowMs = performance.now();
  const usage = create(UsageSchema);
  const cost = create(CostSchema, { total: { currencyCode: "USD", amountNanos: 0n } });
  const { finishReason } = answer;
  const outcome: Outcome = { state: "finished", error: undefined, finishReason, usage, cost, endMs: nowMs };
  return {
    attempt: {
      call: { ...call, cache: { status: CacheStatus.HIT, madeMs: madeMsOf(answer) } },
      target,
      policy,
      failures: [],
      timeouts: target.provider.timeouts,
      freshConnection: false,
    },
    sentMs: nowMs,
    firstOutputMs: nowMs,
    upstreamRequestId: "",
    upstreamModel: answer.routing?.upstreamModel ?? "",
    warnings: answer.warnings,
    outcome: Promise.resolve(outcome),
    chunks: inOneBatch(unfold({ ...answer, usage: { ...usage }, cost: { ...cost }, warnings: [] })),
  };
}

async function* inOneBatch(chunks: readonly Chunk[]): AsyncGenerator<readonly Chunk[]> {
  yield chunks;
}
