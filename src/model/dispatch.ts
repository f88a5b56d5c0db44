import type { Reply } from "./reply.ts";

/**
 * Carries out a call. Settles when the first content is in hand, so that a rejection is always safe to repeat
 * elsewhere; rejects with a GatewayError only.
 */
export type Dispatch<C> = (call: C) => Promise<Reply>;

/** The whole extension mechanism: a dispatch around a dispatch. Composed once at start. */
export type Interceptor<C> = (next: Dispatch<C>) => Dispatch<C>;

/** Puts interceptors around a dispatch; the first is outermost. */
export function compose<C>(interceptors: readonly Interceptor<C>[], innermost: Dispatch<C>): Dispatch<C> {
  return interceptors.reduceRight((next, interceptor) => interceptor(next), innermost);
}
