import type { Dispatch, Interceptor } from "../model/dispatch.ts";
import { GatewayError } from "../model/error.ts";
import type { Served } from "../model/reply.ts";
import { hasChunks } from "./answer.ts";

/** What an interceptor of an extension has to end what it is doing once nobody wants the call any more. */
const lateMs = 1000;

/** How an interceptor is to be kept from doing harm. */
export interface GuardOptions<C> {
  /** Aborts when nobody wants the answer any more. */
  readonly signalOf: (call: C) => AbortSignal;
  /** A call goes on as without the interceptor when that throws what is no GatewayError. Else the call ends as INTERNAL. */
  readonly skips: boolean;
  /** Told of each exception that is no GatewayError. */
  readonly failed: (error: unknown) => void;
}

/**
 * An interceptor whose exceptions end one call at most, that cannot keep a call from ending, and that leaves no answer open
 * which it does not hand on. Applied for each call, because only so it is known what was answered before an exception.
 */
export function guarded<C>(interceptor: Interceptor<C>, { signalOf, skips, failed }: GuardOptions<C>): Interceptor<C> {
  return <Own extends C, R extends Served>(next: Dispatch<Own, R>): Dispatch<Own, R> => {
    const own = async (call: Own): Promise<R> => {
      let made: Promise<R> | undefined;
      const noted: Dispatch<Own, R> = (passed) => {
        made = next(passed);
        return made;
      };
      try {
        return checked(await applied(interceptor, noted)(call));
      } catch (error) {
        const isRefusal = error instanceof GatewayError;
        if (!isRefusal) failed(error);
        if (!isRefusal && skips) return made ?? next(call);
        void leave(made);
        throw GatewayError.of(error);
      }
    };
    return (call) => ending(own(call), signalOf(call));
  };
}

/** Ends an answer that nobody will read, if there is one. */
async function leave(made: Promise<Served> | undefined): Promise<void> {
  try {
    const reply = await made;
    if (reply !== undefined && hasChunks(reply)) await reply.chunks.return?.();
  } catch {
    // It has come to an end by itself.
  }
}

function applied<C, Own extends C, R extends Served>(
  interceptor: Interceptor<C>,
  next: Dispatch<Own, R>,
): Dispatch<Own, R> {
  try {
    const own = interceptor(next);
    if (typeof own === "function") return own;
    throw new TypeError("an interceptor gave no dispatch");
  } catch (error) {
    return () => Promise.reject(error);
  }
}

/** Extensions are often plain JavaScript, and forget to return. */
function checked<R extends Served>(reply: R): R {
  if (reply?.outcome instanceof Promise && reply.attempt !== undefined) return reply;
  throw new TypeError("an interceptor answered with what is no reply");
}

/** Settles with the work, or a while after the signal if the work does not. */
function ending<R>(work: Promise<R>, signal: AbortSignal): Promise<R> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const giveUp = () => reject(GatewayError.of(signal.reason));
    const aborted = () => {
      timer = setTimeout(giveUp, lateMs);
    };
    const over = () => {
      signal.removeEventListener("abort", aborted);
      clearTimeout(timer);
    };
    if (signal.aborted) aborted();
    else signal.addEventListener("abort", aborted);
    work.then(resolve, reject).finally(over);
  });
}
