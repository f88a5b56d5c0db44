import type { Client } from "undici";
import Prepared from "undici/lib/core/request.js";
import symbols from "undici/lib/core/symbols.js";
import UndiciClient from "undici/lib/dispatcher/client.js";
import type { Controller, Handler } from "./carrier.ts";
import { RawHead } from "./head.ts";

const queue: typeof symbols.kQueue = symbols.kQueue;
const resuming: typeof symbols.kResuming = symbols.kResuming;
const resume: typeof symbols.kResume = symbols.kResume;

/** What of undici's Client is used here and not in its public types: requests that wait or are under way, and the loop over them. */
interface InnerClient extends Client {
  readonly [queue]: Sending[];
  /** 0 unless the loop runs. */
  readonly [resuming]: number;
  [resume](sync: boolean): void;
}

const InnerClient: new (origin: string, options: Client.Options) => InnerClient = UndiciClient as never;

/** Headers of requests to one origin, checked and in order: once for all requests that have the same. */
export type Heading = Prepared;

/** A path in which undici finds nothing wrong. */
const plainPath = /^\/[!-~]*$/;

const unheard = {
  onRequestStart: () => undefined,
  onResponseStart: () => undefined,
  onResponseData: () => undefined,
  onResponseEnd: () => undefined,
  onResponseError: () => undefined,
};

/** Checks headers as undici does. Throws its error for those that cannot be sent. */
export function headingOf(origin: string, headers: Readonly<Record<string, string>>): Heading {
  return new Prepared(origin, { method: "POST", path: "/", headers }, unheard);
}

/** Throws undici's error for a path that cannot be sent: nothing else of a head can hold what a caller says. */
export function checkPath(origin: string, path: string): void {
  if (!plainPath.test(path)) new Prepared(origin, { method: "POST", path, headers: {} }, unheard);
}

/** A connection to one origin for one request at a time, which it takes as undici keeps them inside. */
export class Line extends InnerClient {
  send(sending: Sending): void {
    this[queue].push(sending);
    if (this[resuming] === 0) this[resume](true);
  }
}

/** Hears when a connection has done with a request. */
export interface Owner {
  /** Once for each request. `isSound`: the answer came to its end, so the connection may take the next request. */
  done(line: Line, isSound: boolean): void;
}

/** What is to be sent. */
export interface Letter {
  readonly path: string;
  readonly heading: Heading;
  readonly body: string;
}

/**
 * A POST on its way, in the shape in which undici's Client keeps requests: it reads these fields and calls these methods.
 * undici itself would make three objects for that, check the headers of every request, and decode those of every answer.
 * Hot path: nothing here is made per read.
 */
export class Sending implements Controller {
  readonly method = "POST";
  readonly path: string;
  readonly headers: string[];
  readonly host: string | null;
  readonly servername: string | null;
  readonly reset: boolean | null;
  readonly body: Buffer;
  readonly contentLength = null;
  readonly contentType = null;
  readonly upgrade = null;
  /** The answer must begin before the connection takes another request. */
  readonly blocking = true;
  readonly idempotent = false;
  /** Time limits are the exchange's own: one timer per call, and typed errors. */
  readonly headersTimeout = 0;
  readonly bodyTimeout = 0;
  readonly typeOfService = undefined;
  aborted = false;
  completed = false;
  readonly #line: Line;
  readonly #owner: Owner;
  readonly #handler: Handler;
  #abort: ((reason: Error) => void) | undefined;
  #resume: (() => void) | undefined;
  #isPaused = false;

  constructor(line: Line, owner: Owner, { path, heading, body }: Letter, handler: Handler) {
    this.path = path;
    this.headers = heading.headers;
    this.host = heading.host;
    this.servername = heading.servername;
    this.reset = heading.reset;
    this.body = Buffer.from(body);
    this.#line = line;
    this.#owner = owner;
    this.#handler = handler;
  }

  abort(reason: Error): void {
    this.#abort?.(reason);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#resume?.();
  }

  onRequestStart(abort: (reason: Error) => void): void {
    this.#abort = abort;
    this.#handler.onRequestStart(this);
  }

  onBodySent(): void {}

  onRequestSent(): void {}

  onResponseStarted(): void {}

  /** False: nothing is read until the handler resumes. */
  onResponseStart(status: number, headers: readonly Buffer[], resume: () => void): boolean {
    this.#resume = resume;
    this.#handler.onResponseStart(this, status, new RawHead(headers));
    return !this.#isPaused;
  }

  /** False: nothing more is read until the handler resumes. */
  onResponseData(bytes: Buffer): boolean {
    this.#handler.onResponseData(this, bytes);
    return !this.#isPaused;
  }

  onResponseEnd(): void {
    // Given up while its last bytes were read: undici reads on to the end where the connection is not kept.
    if (this.aborted) return;
    this.completed = true;
    // It is the connection's own, and would let the answer to the next request go on.
    this.#resume = undefined;
    this.#owner.done(this.#line, true);
    this.#handler.onResponseEnd(this);
  }

  onResponseError(error: Error): void {
    if (this.aborted) return;
    this.aborted = true;
    if (this.completed) return;
    this.#owner.done(this.#line, false);
    this.#handler.onResponseError(this, error);
  }
}
