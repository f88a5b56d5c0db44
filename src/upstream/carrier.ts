import { GatewayError } from "../model/error.ts";
import type { Span } from "../model/trace.ts";
import type { Head } from "./head.ts";

/** A request with a JSON body. */
export interface Post {
  /** Below the base URL. */
  readonly path: string;
  readonly body: string;
  /** Besides the provider's own. */
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** Use a connection that carried nothing before, and close it after. */
  readonly fresh: boolean;
}

/** Steers a request that is on its way. */
export interface Controller {
  /** The handler hears of it as of a failure. */
  abort(reason: Error): void;
  pause(): void;
  resume(): void;
}

/** Hears how a request fares: of its start and head, its body piece by piece, and once of its end or its failure. */
export interface Handler {
  onRequestStart(controller: Controller): void;
  /** Heads with a status below 200 go before the head of the answer. */
  onResponseStart(controller: Controller, status: number, head: Head): void;
  onResponseData(controller: Controller, bytes: Buffer): void;
  onResponseEnd(controller: Controller): void;
  /** Instead of all that has not been told yet. */
  onResponseError(controller: Controller, error: Error): void;
}

/** Brings requests to a provider, a bounded number at once. */
export interface Carrier {
  /**
   * Sends once there is room; `release` must follow when the handler has heard the end of it. Throws
   * GATEWAY_OVERLOADED when too many wait already.
   */
  post(request: Post, handler: Handler): void;
  /** Takes a request back that still waits for room. False: it is on its way. */
  withdraw(handler: Handler): boolean;
  /** A request that was on its way has ended: its place is free. */
  release(): void;
  /** The provider refused the credential. */
  distrust?(): void;
  /** Tells where requests go. */
  tell?(span: Span): void;
}

/** Stands for the controller of a request that never left: there is nothing to abort or to pause. */
export const unsent: Controller = { abort: () => undefined, pause: () => undefined, resume: () => undefined };

/** Requests that may wait for room at one provider; more are refused at once. */
const waitingMax = 1000;

/** Lets a number of requests through at once. Those beyond wait here, where they can be taken back. */
export class Turnstile {
  readonly #roomMax: number;
  readonly #send: (request: Post, handler: Handler) => void;
  #open = 0;
  readonly #waiting = new Map<Handler, Post>();

  constructor(roomMax: number, send: (request: Post, handler: Handler) => void) {
    this.#roomMax = roomMax;
    this.#send = send;
  }

  post(request: Post, handler: Handler): void {
    if (this.#open < this.#roomMax) this.#let(request, handler);
    else if (this.#waiting.size < waitingMax) this.#waiting.set(handler, request);
    else throw noConnection();
  }

  withdraw(handler: Handler): boolean {
    return this.#waiting.delete(handler);
  }

  release(): void {
    this.#open--;
    for (const [handler, request] of this.#waiting) {
      this.#waiting.delete(handler);
      this.#let(request, handler);
      return;
    }
  }

  /** What `send` throws concerns this request only, and must not reach whoever made room for it. */
  #let(request: Post, handler: Handler): void {
    this.#open++;
    try {
      this.#send(request, handler);
    } catch (error) {
      handler.onResponseError(unsent, GatewayError.of(error));
    }
  }
}

/** The refusal of a call for which no connection to the provider is free in time. */
export function noConnection(): GatewayError {
  return new GatewayError("GATEWAY_OVERLOADED", "all connections to the provider are in use", {
    metadata: { cause: "connections" },
  });
}
