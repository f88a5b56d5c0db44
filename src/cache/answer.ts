import { create } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { FinishReason } from "../../gen/llmhub/v1/completion_pb.ts";
import { AttemptOutcome, RoutingInfoSchema } from "../../gen/llmhub/v1/routing_pb.ts";
import { CostSchema, UsageSchema } from "../../gen/llmhub/v1/usage_pb.ts";
import type { Asked, Call } from "../model/call.ts";
import type { Reason } from "../model/error.ts";
import type { Outcome, Served } from "../model/reply.ts";
import type { Target } from "../model/target.ts";
import type { Answer, Entry } from "./entry.ts";

/** How a recording ends: with the whole answer, with one that cannot be kept, or with an answer that has no end. */
export type Recorded<A extends Answer> = A | "unfit" | "cut";

/** What the cache needs to know of an operation: how its answers are written down, and given once more. */
export interface AnswerKind<R extends Served, A extends Answer> {
  /** Name of the operation in metrics. */
  readonly operation: "complete" | "embed" | "rerank";
  readonly schema: GenMessage<A>;
  /** The reply to pass on. `ended` is called once, also if nobody reads; the answer it gets is nobody else's to change. */
  record(reply: R, bytesMax: number, ended: (recorded: Recorded<A>) => void): R;
  /** At least so many bytes are needed to keep it: so that nothing is written out only to be found too large. */
  bytesMin(answer: A): number;
  /** Reads a reply to its end that nobody else reads. */
  finish(reply: R): Promise<void>;
  /** The answer once more, to a call that is served like that. */
  replay(answer: A, served: Served): R;
}

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
export function keptOf<A extends Answer>(
  reply: Served,
  answer: A,
  { madeMs, ttlMs }: Omit<Entry, "answer">,
): Entry<A> | undefined {
  const { target, failures } = reply.attempt;
  // A hedge that lost says nothing against the target that was meant to answer.
  const isSecondChoice = failures.some(
    ({ model, hedge, outcome, errorReason }) =>
      model !== target.selector && !hedge && !(outcome === AttemptOutcome.SKIPPED && ruledOut.has(errorReason)),
  );
  const isCut = answer.$typeName === "llmhub.v1.CompleteResponse" && !complete.has(answer.finishReason);
  if (isCut || isSecondChoice) return undefined;
  delete answer.usage;
  delete answer.cost;
  answer.warnings = [...reply.warnings, ...answer.warnings];
  answer.routing = create(RoutingInfoSchema, { model: target.selector, upstreamModel: reply.upstreamModel });
  return { answer, madeMs, ttlMs };
}

/** Why a target is passed over whoever asks the same: it was never meant to answer. */
const ruledOut: ReadonlySet<string> = new Set<Reason>([
  "CAPABILITY_UNSUPPORTED",
  "COST_LIMIT_EXCEEDED",
  "INVALID_REQUEST",
]);

/** How a call is served that has its answer already: at once, and at no cost. */
export function servedAgain(call: Call<Asked>, answer: Answer, target: Target, policy: string): Served {
  const nowMs = performance.now();
  const usage = create(UsageSchema);
  const cost = create(CostSchema, { total: { currencyCode: "USD", amountNanos: 0n } });
  const finishReason = answer.$typeName === "llmhub.v1.CompleteResponse" ? answer.finishReason : FinishReason.STOP;
  const outcome: Outcome = { state: "finished", error: undefined, finishReason, usage, cost, endMs: nowMs };
  return {
    attempt: {
      call,
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
  };
}
