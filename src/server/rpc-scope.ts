import type { Rpc } from "../model/call.ts";
import type { GatewayError } from "../model/error.ts";
import { deadlineExceeded } from "./deadline.ts";

/** A remote call and the power to end it. Ends once: by `finish`, by `abort`, or by its deadline. */
export class RpcScope {
  readonly rpc: Rpc;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #left: (scope: RpcScope) => void;
  #over = false;

  /**
   * @param timeoutMs until the signal aborts with DEADLINE_EXCEEDED; at most `timeoutMsMax`.
   * @param askedMs what the caller asked for, which the error quotes.
   * @param left called once, at the end.
   */
  constructor(
    facts: Omit<Rpc, "signal" | "deadlineMs">,
    timeoutMs: number,
    askedMs: number,
    left: (scope: RpcScope) => void,
  ) {
    this.rpc = { ...facts, deadlineMs: facts.startMs + timeoutMs, signal: this.#controller.signal };
    this.#left = left;
    this.#timer = setTimeout(expire, timeoutMs, this, askedMs);
  }

  /** Ends the call early: everything done for it stops. Nothing happens if it has ended. */
  abort(reason: GatewayError): void {
    if (this.#over) return;
    this.finish();
    this.#controller.abort(reason);
  }

  /** The call is answered. The signal stays silent from here on. */
  finish(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#left(this);
  }
}

function expire(scope: RpcScope, timeoutMs: number): void {
  scope.abort(deadlineExceeded(timeoutMs));
}
