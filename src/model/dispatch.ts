import type { Reply, Served } from "./reply.ts";

/**
 * Carries out a call. Settles when the first content is in hand, so that a rejection is always safe to repeat
 * elsewhere; rejects with a GatewayError only.
 */
export type Dispatch<C, R extends Served = Reply> = (call: C) => Promise<R>;

/** The whole extension mechanism: a dispatch around a dispatch, whatever is answered. Composed once at start. */
export type Interceptor<C> = <Own extends C, R extends Served>(next: Dispatch<Own, R>) => Dispatch<Own, R>;

/** Puts interceptors around a dispatch; the first is outermost. */
export function compose<C, Own extends C, R extends Served>(
  interceptors: readonly Interceptor<C>[],
  innermost: Dispatch<Own, R>,
): Dispatch<Own, R> {
  return interceptors.reduceRight((next, interceptor) => interceptor(next), innermost);
}
