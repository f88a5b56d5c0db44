import type { LookupFunction } from "node:net";
import type { Client as UndiciClient } from "undici";
import type { Authorizer, OutgoingRequest, Proof } from "../model/authorizer.ts";
import { GatewayError } from "../model/error.ts";
import type { Headers } from "../model/protocol.ts";
import type { Span } from "../model/trace.ts";
import { type Carrier, type Handler, noConnection, type Post, Turnstile, unsent } from "./carrier.ts";
import { buildConnector, Pool } from "./client.ts";
import { Connections } from "./connections.ts";
import { HostLookup } from "./host-lookup.ts";
import { type Heading, headingOf } from "./line.ts";
import { tellServer } from "./trace.ts";
import { Turns } from "./turns.ts";

/** Where a provider lives and what it wants to see on every request. */
export interface UpstreamOptions {
  /** Scheme, host and path prefix. The credential goes here and nowhere else. */
  readonly baseUrl: URL;
  /** Credential and constant headers, prepared at start. */
  readonly headers: Readonly<Record<string, string>>;
  /** For credentials that a constant header cannot hold. */
  readonly authorizer?: Authorizer | undefined;
  readonly connectMs: number;
  /** Open connections for calls at most; more wait for one inside their own time limits. A few more are for small requests. */
  readonly connectionsMax: number;
  /** How the host's name is found. Default: by the name servers and the system, within three quarters of `connectMs`. */
  readonly lookup?: LookupFunction;
}

/** Part of the time for a connection that its name may take, so that it is known which of both was too slow. */
const lookupPart = 0.75;

/** Connections for small requests, which neither hold up calls nor are held up by them, and how many may wait for one. */
const smallConnectionsMax = 8;
const smallWaitingMax = 1000;
/** How long an idle connection is kept, unless the provider's keep-alive header says less. */
const keepAliveMs = 30_000;
/** Largest response head. */
const headBytesMax = 32 * 1024;

const clientOptions: UndiciClient.Options = {
  // Providers answer every request on its own connection or stream as well over HTTP/1.1, which undici knows best.
  allowH2: false,
  pipelining: 1,
  // Time limits are the exchange's own: one timer per call, and typed errors.
  headersTimeout: 0,
  bodyTimeout: 0,
  keepAliveTimeout: keepAliveMs,
  maxHeaderSize: headBytesMax,
};

/**
 * The only way to a provider: connections to one origin, and what adds the credential to a path below its base URL. There is
 * no way to name another host, redirects are never followed, and nothing is retried here.
 */
export class Upstream implements Carrier {
  readonly #options: UpstreamOptions;
  readonly #prefix: string;
  /** Of every request with a JSON body. */
  readonly #headers: Readonly<Record<string, string>>;
  #heading: Heading | undefined;
  readonly #connections: Connections;
  /** Calls beyond the connections wait here, where they can be taken back. */
  readonly #turnstile: Turnstile;
  readonly #smallPool: Pool;
  readonly #smallTurns: Turns;

  constructor(options: UpstreamOptions) {
    const { baseUrl, connectMs } = options;
    const { origin, hostname, pathname } = baseUrl;
    this.#options = options;
    this.#prefix = pathname.replace(/\/+$/, "");
    this.#headers = { "content-type": "application/json", ...options.headers };
    this.#turnstile = new Turnstile(options.connectionsMax, (request, handler) => this.#send(request, handler));
    const lookup = options.lookup ?? new HostLookup(hostname, { timeoutMs: connectMs * lookupPart }).lookup;
    const connect = buildConnector({ allowH2: false, timeout: connectMs, lookup });
    this.#connections = new Connections(origin, { ...clientOptions, connect });
    const connections = Math.min(smallConnectionsMax, options.connectionsMax);
    this.#smallPool = new Pool(origin, { ...clientOptions, connect, connections });
    this.#smallTurns = new Turns(connections, smallWaitingMax);
  }

  post(request: Post, handler: Handler): void {
    this.#turnstile.post(request, handler);
  }

  withdraw(handler: Handler): boolean {
    return this.#turnstile.withdraw(handler);
  }

  release(): void {
    this.#turnstile.release();
  }

  tell(span: Span): void {
    tellServer(span, this.#options.baseUrl);
  }

  distrust(): void {
    this.#options.authorizer?.distrust?.();
  }

  #send(request: Post, handler: Handler): void {
    const { path, body, headers } = request;
    const all = headers === undefined ? this.#headers : { ...this.#headers, ...headers };
    const proof = this.#prove("POST", path, all, body);
    if (proof instanceof Promise) {
      proof.then(
        (found) => this.#dispatch(request, { ...all, ...found }, handler),
        (error) => handler.onResponseError(unsent, GatewayError.of(error)),
      );
    } else this.#dispatch(request, proof === undefined ? all : { ...all, ...proof }, handler);
  }

  /** Headers that cannot be sent are told to the handler. */
  #dispatch({ path, body, fresh }: Post, headers: Proof, handler: Handler): void {
    let heading: Heading;
    try {
      heading = this.#headingOf(headers);
    } catch (error) {
      handler.onResponseError(unsent, error as Error);
      return;
    }
    const letter = { path: this.#prefix + path, heading, body };
    if (fresh) this.#connections.sendFresh(letter, handler);
    else this.#connections.send(letter, handler);
  }

  /** Made once for requests that have no headers of their own. */
  #headingOf(headers: Proof): Heading {
    const { origin } = this.#options.baseUrl;
    if (headers !== this.#headers) return headingOf(origin, headers);
    this.#heading ??= headingOf(origin, headers);
    return this.#heading;
  }

  /** What proves who asks, beside the constant headers; undefined where those are enough. */
  #prove(
    method: OutgoingRequest["method"],
    path: string,
    headers: Proof,
    body: string,
  ): Proof | Promise<Proof> | undefined {
    const { authorizer, baseUrl } = this.#options;
    return authorizer?.prove({ method, url: new URL(this.#prefix + path, baseUrl.origin), headers, body });
  }

  /** A small request outside the hot path: status, headers and at most 4 MiB of the body, or 64 KiB of a refusal. */
  async request(
    path: string,
    body: string | undefined,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<SmallAnswer> {
    if (!(await this.#smallTurns.begin(signal))) {
      signal.throwIfAborted();
      throw noConnection();
    }
    try {
      return await this.#ask(path, body, headers, signal);
    } finally {
      this.#smallTurns.end();
    }
  }

  async #ask(
    path: string,
    body: string | undefined,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<SmallAnswer> {
    const method = body === undefined ? "GET" : "POST";
    const all = { ...(body === undefined ? this.#options.headers : this.#headers), ...headers };
    const proof = await unlessAborted(this.#prove(method, path, all, body ?? ""), signal);
    const answer = await this.#smallPool.request({
      method,
      path: this.#prefix + path,
      headers: { ...all, ...proof },
      body: body ?? null,
      signal,
    });
    if (answer.statusCode === 401) this.distrust();
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: await textOf(answer.body, answer.statusCode < 300 ? listBytesMax : smallBytesMax),
    };
  }

  /** Lets requests under way finish, then closes the connections. */
  async close(): Promise<void> {
    await Promise.all([this.#connections.close(), this.#smallPool.close()]);
  }
}

/** The value, or the signal's reason as soon as it aborts: what waits for a token cannot be stopped, only left. */
async function unlessAborted<T>(value: T | Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  if (!(value instanceof Promise)) return value;
  const aborted = Promise.withResolvers<never>();
  const leave = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", leave);
  try {
    return await Promise.race([value, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}

/** A response with its body. */
export interface SmallAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

const smallBytesMax = 64 * 1024;
/** Lists of models are the largest of these answers: that of a reseller has some hundred KiB. */
const listBytesMax = 4 * 1024 * 1024;

async function textOf(body: AsyncIterable<Buffer>, bytesMax: number): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes >= bytesMax) break;
  }
  return Buffer.concat(pieces).subarray(0, bytesMax).toString();
}
