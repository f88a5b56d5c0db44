import type { Asked, Attempt } from "../../model/call.ts";
import type { Dispatch } from "../../model/dispatch.ts";
import { GatewayError } from "../../model/error.ts";
import type { Served } from "../../model/reply.ts";

/**
 * Tries once more, on a new connection, when one broke before any answer: a provider closes idle connections just as a
 * request goes out, and the caller need not see that. It is a provider call like any other, and has what is left of the
 * attempt's time for its first output. Everything else passes.
 */
export function reconnect<Own extends Attempt<Asked>, R extends Served>(next: Dispatch<Own, R>): Dispatch<Own, R> {
  return async (attempt) => {
    const startMs = performance.now();
    try {
      return await next(attempt);
    } catch (error) {
      const failure = brokenConnection(error);
      if (failure === undefined || attempt.freshConnection || attempt.call.rpc.signal.aborted) throw error;
      if (attempt.mayRepeat?.(failure.attempts) !== true) throw error;
      const { timeouts } = attempt;
      const firstOutputMs = Math.max(1, Math.ceil(timeouts.firstOutputMs - (performance.now() - startMs)));
      return next({
        ...attempt,
        failures: failure.attempts,
        timeouts: { ...timeouts, firstOutputMs },
        freshConnection: true,
      });
    }
  };
}

function brokenConnection(error: unknown) {
  return error instanceof GatewayError && error.info["cause"] === "reset" ? error.failure : undefined;
}
