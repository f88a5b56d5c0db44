import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";
import { CompletionView } from "../../gen/llmhub/v1/completion_pb.ts";
import { AttemptOutcome, CacheStatus, type RoutingInfo, RoutingStrategy } from "../../gen/llmhub/v1/routing_pb.ts";
import type { Cost, Usage } from "../../gen/llmhub/v1/usage_pb.ts";
import { type Plan, prospectsOf, strategyOf } from "../dispatch/planner.ts";
import { attemptCount, attemptRecord } from "../model/attempt-record.ts";
import type { Asked, Call } from "../model/call.ts";
import { durationOf } from "../model/error.ts";
import type { Served } from "../model/reply.ts";
import type { Target } from "../model/target.ts";
import { timestampOf } from "../model/timestamp.ts";

/** How a call is to be served, before any provider has answered. Which target it is to be is known if there is but one. */
export function plannedRouting(call: Call<Asked>, plan: Plan): RoutingInfo {
  const [target, other] = prospectsOf(plan);
  return routingAt(call, plan.route.policy, other === undefined ? target : undefined);
}

/** How a call would be served at a target. */
export function routingAt(call: Call<Asked>, policy: string, target: Target | undefined): RoutingInfo {
  return {
    $typeName: "llmhub.v1.RoutingInfo",
    requestedModel: call.request.model,
    provider: target?.provider.id ?? "",
    model: target?.selector ?? "",
    upstreamModel: "",
    upstreamRequestId: "",
    policy,
    experimentArm: "",
    attemptCount: 0,
    attempts: [],
    cacheStatus: CacheStatus.UNSPECIFIED,
    region: target?.region ?? "",
    strategy: RoutingStrategy.UNSPECIFIED,
  };
}

/** How a call is being served, as far as known; complete once the reply has ended and `usage` is given. */
export function routingOf(call: Call<Asked>, reply: Served, usage?: Usage, cost?: Cost): RoutingInfo {
  const { attempt } = reply;
  if (attempt.call.replay !== undefined) return attempt.call.replay.routing;
  const routing = routingAt(call, attempt.policy, attempt.target);
  routing.experimentArm = attempt.arm ?? "";
  routing.strategy = strategyOf(attempt.strategy);
  routing.upstreamModel = reply.upstreamModel;
  routing.upstreamRequestId = reply.upstreamRequestId;
  routing.attemptCount = attemptCount(attempt);
  routing.cacheStatus = attempt.call.cache?.status ?? CacheStatus.UNSPECIFIED;
  routing.timeToFirstOutput = lengthOf(reply.firstOutputMs - call.rpc.startMs);
  const madeMs = attempt.call.cache?.madeMs;
  if (madeMs !== undefined) routing.cacheAge = lengthOf(Math.max(0, Date.now() - madeMs));
  if (usage !== undefined && isFull(call) && routing.attemptCount > 0) {
    const outcome = AttemptOutcome.SUCCEEDED;
    const charge = cost === undefined ? { usage } : { usage, cost: { ...cost, lines: [] } };
    const end = { outcome, upstreamStatus: 200, ...charge };
    routing.attempts = [...attempt.failures, attemptRecord(attempt, reply.sentMs, end)];
  }
  return routing;
}

function lengthOf(ms: number): Duration {
  const { seconds, nanos } = durationOf(ms);
  return { $typeName: "google.protobuf.Duration", seconds, nanos };
}

/** When the answer was made: for a repeat or a cache hit when the first was, else now. */
export function createTimeOf(reply: Served | undefined): Timestamp {
  const { cache, replay } = reply?.attempt.call ?? {};
  return replay?.createTime ?? timestampOf(cache?.madeMs ?? Date.now());
}

/** Leaves out what only COMPLETION_VIEW_FULL shows: cost lines and the provider's own usage. */
export function viewed(call: Call, { usage, cost }: { usage?: Usage | undefined; cost?: Cost | undefined }): void {
  if (isFull(call)) return;
  if (cost !== undefined) cost.lines = [];
  if (usage !== undefined) delete usage.native;
}

function isFull({ request }: Call<Asked>): boolean {
  return request.$typeName === "llmhub.v1.CompleteRequest" && request.view === CompletionView.FULL;
}
