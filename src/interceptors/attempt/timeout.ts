import type { RoutingOptions } from "../../../gen/llmhub/v1/routing_pb.ts";
import type { Asked, Attempt, Timeouts } from "../../model/call.ts";
import type { Dispatch } from "../../model/dispatch.ts";
import { msOf } from "../../model/duration.ts";
import type { Served } from "../../model/reply.ts";

/**
 * Tightens the time limits of an attempt by the caller's wishes. The caller's deadline needs no limit of its own: it ends
 * the call through its signal.
 */
export function timeout<Own extends Attempt<Asked>, R extends Served>(next: Dispatch<Own, R>): Dispatch<Own, R> {
  return (attempt) => {
    const { routing } = attempt.call.request;
    return next(routing === undefined ? attempt : { ...attempt, timeouts: timeoutsOf(attempt.timeouts, routing) });
  };
}

function timeoutsOf(timeouts: Timeouts, { attemptTimeout, firstOutputTimeout }: RoutingOptions): Timeouts {
  const totalMs = Math.min(timeouts.totalMs, msOf(attemptTimeout) ?? Number.POSITIVE_INFINITY);
  const firstOutputMs = Math.min(timeouts.firstOutputMs, totalMs, msOf(firstOutputTimeout) ?? Number.POSITIVE_INFINITY);
  return { firstOutputMs, idleMs: timeouts.idleMs, totalMs };
}
