import { GatewayError, type Reason } from "../model/error.ts";
import type { TraceContext } from "../model/trace.ts";
import type { Entry } from "./entry.ts";
import type { Lease } from "./turns.ts";

/** What the calls that wait for another learn of its end. */
export type Landing =
  /** They have the same answer. */
  | { readonly case: "entry"; readonly entry: Entry }
  /** They would meet the same error: it lies in the request. */
  | { readonly case: "refused"; readonly error: GatewayError }
  /** The answer is one that is not shared. */
  | { readonly case: "unshared" }
  /** Another call may have better luck. */
  | { readonly case: "failed" }
  /** Its caller had enough of it. */
  | { readonly case: "left" };

/** Errors that the same request meets again, whoever sends it. */
const lasting: ReadonlySet<Reason> = new Set<Reason>([
  "CAPABILITY_UNSUPPORTED",
  "CONTEXT_LENGTH_EXCEEDED",
  "PROVIDER_CONTENT_FILTERED",
  "PROVIDER_CREDENTIAL_INVALID",
  "PROVIDER_INVALID_REQUEST",
  "PROVIDER_MODEL_NOT_FOUND",
  "PROVIDER_QUOTA_EXHAUSTED",
]);

/** A call on its way to an answer that others wait for, too. */
export class Flight<End = Landing> {
  readonly #landed = Promise.withResolvers<End>();
  /** The turn among replicas that it has, if it needs one. */
  lease: Lease | undefined;
  /** Where the call stands in its trace. */
  trace: TraceContext | undefined;

  /** Tells those who wait. The first word counts. */
  land(landing: End): void {
    this.#landed.resolve(landing);
  }

  /** How it ended. Rejects with the reason of the signal: who waits keeps a deadline of its own. */
  async landed(signal: AbortSignal): Promise<End> {
    if (signal.aborted) throw GatewayError.of(signal.reason);
    const aborted = Promise.withResolvers<never>();
    const abort = () => aborted.reject(GatewayError.of(signal.reason));
    signal.addEventListener("abort", abort);
    try {
      return await Promise.race([this.#landed.promise, aborted.promise]);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }
}

/** What an end without an answer to share means for those who wait. */
export function landingOf(error: GatewayError | undefined): Landing {
  if (error === undefined) return { case: "unshared" };
  if (error.reason === "CANCELLED" || error.reason === "DEADLINE_EXCEEDED") return { case: "left" };
  const isLasting = error.retryMs === undefined && lasting.has(error.reason);
  return isLasting ? { case: "refused", error } : { case: "failed" };
}
