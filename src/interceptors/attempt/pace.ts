import { blameOf } from "../../model/blame.ts";
import type { Asked, Attempt, Rpc } from "../../model/call.ts";
import type { Dispatch, Interceptor } from "../../model/dispatch.ts";
import { GatewayError } from "../../model/error.ts";
import type { Served } from "../../model/reply.ts";
import type { Target } from "../../model/target.ts";
import { spanned } from "../../model/trace.ts";

/** Knows the way to each target. */
export interface Ways {
  /** Undefined: as many attempts as there are may be made. */
  of(target: Target): Way | undefined;
}

/** The way to one target, with room for so many attempts. */
interface Way {
  /** Undefined: there is room. Else whom to wait for; throws what the attempt fails with if nobody may wait. */
  enter(rpc: Rpc): Queued | undefined;
  /** An attempt is over, or does not wait any more. */
  leave(rpc: Rpc, queued: Queued | undefined, reason?: unknown): void;
  answered(sample: { readonly sentMs: number; readonly latencyMs: number; readonly stream: boolean }): void;
  failed(sentMs: number): void;
}

/** An attempt that waits: `admitted` rejects if it may not be made. */
interface Queued {
  readonly admitted: Promise<void>;
}

/** Makes no more attempts at a target at once than it answers in time. What is beyond that may go to another target. */
export function pace(ways: Ways): Interceptor<Attempt<Asked>> {
  return (next) => (attempt) => {
    const way = ways.of(attempt.target);
    return way === undefined ? next(attempt) : paced(next, attempt, way);
  };
}

async function paced<Own extends Attempt<Asked>, R extends Served>(
  next: Dispatch<Own, R>,
  attempt: Own,
  way: Way,
): Promise<R> {
  const { rpc, stream } = attempt.call;
  const queued = way.enter(rpc);
  if (queued !== undefined) await spanned(rpc.span, "queue at target", () => turn(queued, way, rpc));
  const startMs = performance.now();
  try {
    const reply = await next(attempt);
    const { sentMs, firstOutputMs } = reply;
    way.answered({ sentMs, latencyMs: firstOutputMs - sentMs, stream });
    void reply.outcome.then(() => way.leave(rpc, queued));
    return reply;
  } catch (error) {
    if (isTooMuch(GatewayError.of(error), attempt)) way.failed(startMs);
    way.leave(rpc, queued);
    throw error;
  }
}

/** Resolves when there is room; rejects when nobody waits for it any more. */
async function turn(queued: Queued, way: Way, rpc: Rpc): Promise<void> {
  const { signal } = rpc;
  const left = () => way.leave(rpc, queued, GatewayError.of(signal.reason));
  if (signal.aborted) left();
  else signal.addEventListener("abort", left, { once: true });
  try {
    await queued.admitted;
  } finally {
    signal.removeEventListener("abort", left);
  }
}

/** The target was too slow, or said that it has too much to do. Waits that the caller wanted shorter do not count. */
function isTooMuch(error: GatewayError, { target }: Attempt<Asked>): boolean {
  if (error.reason !== "PROVIDER_TIMEOUT" && error.reason !== "PROVIDER_OVERLOADED") return false;
  return blameOf(error, target.provider) === "model";
}
