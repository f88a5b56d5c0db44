import type { Rpc } from "../model/call.ts";
import type { GatewayError } from "../model/error.ts";
import { deadlineExceeded } from "./deadline.ts";
import { endOf } from "./rpc-span.ts";

/** A call that waits to be let in; rejects with why it is not. */
export interface Entrant {
  readonly admitted: Promise<void>;
}

/** What carries a call, as far as its scope is concerned. */
export interface CallLine {
  /** Bytes that are kept for the call, as far as its transport knows. */
  heldBytes(): number;
  /** Something ends the call early; comes before whoever listens to the signal hears of it. */
  aborted?(reason: GatewayError): void;
}

/** What a scope is made of. */
export interface ScopeParts extends Pick<RpcScope, "rpc" | "entrant" | "line"> {
  /** That of the signal of the call. */
  readonly controller: AbortController;
  /** What the caller asked for, which the error quotes, in milliseconds. */
  readonly askedMs: number;
  /** Called once, at the end, with what cut it short. */
  readonly left: (scope: RpcScope, reason: GatewayError | undefined) => void;
}

/**
 * A remote call and the power to end it. Ends once: by `finish`, by `abort`, or by its deadline. Hot path: no timer, listener
 * or closure of its own; whoever lets it in sees to its deadline.
 */
export class RpcScope {
  readonly rpc: Rpc;
  /** Undefined: the call may go ahead. Else nothing of it is to be read before it is admitted. */
  readonly entrant: Entrant | undefined;
  readonly line: CallLine;
  readonly #parts: ScopeParts;
  #timer: NodeJS.Timeout | undefined;
  #over = false;

  constructor(parts: ScopeParts) {
    this.rpc = parts.rpc;
    this.entrant = parts.entrant;
    this.line = parts.line;
    this.#parts = parts;
  }

  /** The deadline will have passed in so many milliseconds; whoever opens scopes says so once, in time. */
  expireIn(ms: number): void {
    this.#timer ??= setTimeout(expire, ms, this);
  }

  /** The deadline has passed. */
  expire(): void {
    this.abort(deadlineExceeded(this.#parts.askedMs));
  }

  /** Ends the call early: everything done for it stops. Nothing happens if it has ended. */
  abort(reason: GatewayError): void {
    if (this.#over) return;
    this.#end(reason);
    this.line.aborted?.(reason);
    this.#parts.controller.abort(reason);
  }

  /** The call is answered. The signal stays silent from here on. */
  finish(): void {
    if (!this.#over) this.#end(undefined);
  }

  #end(reason: GatewayError | undefined): void {
    this.#over = true;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    const { span } = this.rpc;
    if (span !== undefined) endOf(span, this.rpc, reason);
    this.#parts.left(this, reason);
  }
}

function expire(scope: RpcScope): void {
  scope.expire();
}
