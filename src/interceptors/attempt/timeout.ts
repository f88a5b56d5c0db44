import type { Asked, Attempt, Timeouts } from "../../model/call.ts";
import type { Dispatch } from "../../model/dispatch.ts";
import { msOf } from "../../model/duration.ts";
import type { Served } from "../../model/reply.ts";

/**
 * Sets the time limits of an attempt: the provider's, tightened by the caller's wishes. The caller's deadline needs no
 * limit of its own: it ends the call through its signal.
 */
export function timeout<Own extends Attempt<Asked>, R extends Served>(next: Dispatch<Own, R>): Dispatch<Own, R> {
  return (attempt) => next({ ...attempt, timeouts: timeoutsOf(attempt) });
}

/** A whole answer comes only when it is complete, so its first output has as much time as its last. */
function timeoutsOf({ call, target }: Pick<Attempt<Asked>, "call" | "target">): Timeouts {
  const { firstOutputMs, idleMs, totalMs } = target.provider.timeouts;
  const { attemptTimeout, firstOutputTimeout } = call.request.routing ?? {};
  const total = Math.min(totalMs, msOf(attemptTimeout) ?? Number.POSITIVE_INFINITY);
  const first = call.stream ? firstOutputMs : total;
  return {
    firstOutputMs: Math.min(first, total, msOf(firstOutputTimeout) ?? Number.POSITIVE_INFINITY),
    idleMs,
    totalMs: total,
  };
}
