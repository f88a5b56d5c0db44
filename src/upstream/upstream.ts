import { Client, type Dispatcher, Pool } from "undici";
import { GatewayError } from "../model/error.ts";
import type { Headers } from "../model/protocol.ts";

/** Where a provider lives and what it wants to see on every request. */
export interface UpstreamOptions {
  /** Scheme, host and path prefix. The credential goes here and nowhere else. */
  readonly baseUrl: URL;
  /** Credential and constant headers, prepared at start. */
  readonly headers: Readonly<Record<string, string>>;
  readonly connectMs: number;
  /** Open connections at most; more calls wait for one inside their own time limits. */
  readonly connectionsMax: number;
}

/** How long an idle connection is kept, unless the provider's keep-alive header says less. */
const keepAliveMs = 30_000;
/** Calls that may wait for a connection to one provider; more are refused at once. */
const waitingMax = 1000;
/** Largest response head. */
const headBytesMax = 32 * 1024;

/**
 * The only way to a provider: a pool bound to one origin that adds the credential to a path below its base URL. There is
 * no way to name another host, redirects are never followed, and nothing is retried here.
 */
export class Upstream {
  readonly #options: UpstreamOptions;
  readonly #prefix: string;
  /** Of every request with a JSON body. */
  readonly #headers: Readonly<Record<string, string>>;
  readonly #pool: Pool;
  /** Requests on their way. Those beyond the connections wait here, not in the pool, where none could be taken back. */
  #open = 0;
  readonly #waiting = new Map<Handler, Post>();

  constructor(options: UpstreamOptions) {
    this.#options = options;
    this.#prefix = options.baseUrl.pathname.replace(/\/+$/, "");
    this.#headers = { "content-type": "application/json", ...options.headers };
    this.#pool = new Pool(options.baseUrl.origin, {
      ...this.#clientOptions(),
      connections: options.connectionsMax,
    });
  }

  /**
   * Posts JSON once a connection is free; `release` must follow when the handler has heard the end of it. Throws
   * GATEWAY_OVERLOADED when too many calls wait already.
   */
  post(request: Post, handler: Handler): void {
    if (this.#open < this.#options.connectionsMax) this.#send(request, handler);
    else if (this.#waiting.size < waitingMax) this.#waiting.set(handler, request);
    else throw noConnection();
  }

  /** Takes a request back that still waits for a connection. False: it is on its way. */
  withdraw(handler: Handler): boolean {
    return this.#waiting.delete(handler);
  }

  /** A request that was on its way has ended: its place is free. */
  release(): void {
    this.#open--;
    for (const [handler, request] of this.#waiting) {
      this.#waiting.delete(handler);
      this.#send(request, handler);
      return;
    }
  }

  #send({ path, body, headers, fresh }: Post, handler: Handler): void {
    this.#open++;
    const client = fresh ? new Client(this.#options.baseUrl.origin, this.#clientOptions()) : this.#pool;
    const all = headers === undefined ? this.#headers : { ...this.#headers, ...headers };
    client.dispatch({ method: "POST", path: this.#prefix + path, headers: all, body }, handler);
    // close() lets the request under way finish; its failure reaches the handler.
    if (client !== this.#pool) client.close().catch(() => undefined);
  }

  /** A small request outside the hot path: status, headers and at most 64 KiB of the body. */
  async request(
    path: string,
    body: string | undefined,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<SmallAnswer> {
    const answer = await this.#pool.request({
      method: body === undefined ? "GET" : "POST",
      path: this.#prefix + path,
      headers: { ...(body === undefined ? this.#options.headers : this.#headers), ...headers },
      body: body ?? null,
      signal,
    });
    return { status: answer.statusCode, headers: answer.headers, body: await textOf(answer.body) };
  }

  /** Lets requests under way finish, then closes the connections. */
  async close(): Promise<void> {
    await this.#pool.close();
  }

  #clientOptions(): Client.Options {
    return {
      // Providers answer every request on its own connection or stream as well over HTTP/1.1, which undici knows best.
      allowH2: false,
      pipelining: 1,
      // Time limits are the exchange's own: one timer per call, and typed errors.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: keepAliveMs,
      maxHeaderSize: headBytesMax,
      connect: { timeout: this.#options.connectMs },
    };
  }
}

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

/** The refusal of a call for which no connection to the provider is free in time. */
export function noConnection(): GatewayError {
  return new GatewayError("GATEWAY_OVERLOADED", "all connections to the provider are in use", {
    metadata: { cause: "connections" },
  });
}

/** What undici calls back. */
export type Handler = Dispatcher.DispatchHandler;

/** A response with its body. */
export interface SmallAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

const smallBytesMax = 64 * 1024;

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes >= smallBytesMax) break;
  }
  return Buffer.concat(pieces).subarray(0, smallBytesMax).toString();
}
