import type { Dispatch, Interceptor } from "../model/dispatch.ts";
import { GatewayError } from "../model/error.ts";
import type { Served } from "../model/reply.ts";

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

/** An interceptor whose exceptions end one call at most, and that cannot keep a call from ending. */
export function guarded<C>(interceptor: Interceptor<C>, options: GuardOptions<C>): Interceptor<C> {
  const { signalOf, failed } = options;
  return <Own extends C, R extends Served>(next: Dispatch<Own, R>): Dispatch<Own, R> => {
    const own = options.skips ? skipping(interceptor, next, failed) : strict(interceptor, next, failed);
    return (call) => ending(own(call), signalOf(call));
  };
}

function strict<C, Own extends C, R extends Served>(
  interceptor: Interceptor<C>,
  next: Dispatch<Own, R>,
  failed: (error: unknown) => void,
): Dispatch<Own, R> {
  const own = applied(interceptor, next);
  return async (call) => {
    try {
      return checked(await own(call));
    } catch (error) {
      if (!(error instanceof GatewayError)) failed(error);
      throw GatewayError.of(error);
    }
  };
}

/** Applied for each call, because only so it is known what became of that call before the exception. */
function skipping<C, Own extends C, R extends Served>(
  interceptor: Interceptor<C>,
  next: Dispatch<Own, R>,
  failed: (error: unknown) => void,
): Dispatch<Own, R> {
  return async (call) => {
    let made: Promise<R> | undefined;
    const noted: Dispatch<Own, R> = (passed) => {
      made = next(passed);
      return made;
    };
    try {
      return checked(await applied(interceptor, noted)(call));
    } catch (error) {
      if (error instanceof GatewayError) throw error;
      failed(error);
      return made ?? next(call);
    }
  };
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
