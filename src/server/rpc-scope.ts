import type { Rpc } from "../model/call.ts";
import type { GatewayError } from "../model/error.ts";
import { deadlineExceeded } from "./deadline.ts";

/** A call that waits to be let in; rejects with why it is not. */
export interface Entrant {
  readonly admitted: Promise<void>;
}

/** What a scope is made of. */
export interface ScopeParts extends Pick<RpcScope, "entrant" | "heldBytes"> {
  /** Until the signal aborts with DEADLINE_EXCEEDED; at most `timeoutMsMax`. */
  readonly timeoutMs: number;
  /** What the caller asked for, which the error quotes. */
  readonly askedMs: number;
  /** Called once, at the end, with what cut it short. */
  readonly left: (scope: RpcScope, reason: GatewayError | undefined) => void;
}

/** A remote call and the power to end it. Ends once: by `finish`, by `abort`, or by its deadline. */
export class RpcScope {
  readonly rpc: Rpc;
  /** Undefined: the call may go ahead. Else nothing of it is to be read before it is admitted. */
  readonly entrant: Entrant | undefined;
  /** Bytes that are kept for the call, as far as its transport knows. */
  readonly heldBytes: () => number;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #left: (scope: RpcScope, reason: GatewayError | undefined) => void;
  #over = false;

  constructor(facts: Omit<Rpc, "signal" | "deadlineMs">, { timeoutMs, askedMs, entrant, heldBytes, left }: ScopeParts) {
    this.entrant = entrant;
    this.heldBytes = heldBytes;
    this.rpc = { ...facts, deadlineMs: facts.startMs + timeoutMs, signal: this.#controller.signal };
    this.#left = left;
    this.#timer = setTimeout(expire, timeoutMs, this, askedMs);
  }

  /** Ends the call early: everything done for it stops. Nothing happens if it has ended. */
  abort(reason: GatewayError): void {
    if (this.#over) return;
    this.#end(reason);
    this.#controller.abort(reason);
  }

  /** The call is answered. The signal stays silent from here on. */
  finish(): void {
    if (!this.#over) this.#end(undefined);
  }

  #end(reason: GatewayError | undefined): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#left(this, reason);
  }
}

function expire(scope: RpcScope, timeoutMs: number): void {
  scope.abort(deadlineExceeded(timeoutMs));
}
