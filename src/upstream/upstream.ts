import { Client, type Dispatcher, Pool } from "undici";
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
/** Largest response head. */
const headBytesMax = 32 * 1024;

/**
 * The only way to a provider: a pool bound to one origin that adds the credential to a path below its base URL. There is
 * no way to name another host, redirects are never followed, and nothing is retried here.
 */
export class Upstream {
  readonly #options: UpstreamOptions;
  readonly #prefix: string;
  readonly #pool: Pool;

  constructor(options: UpstreamOptions) {
    this.#options = options;
    this.#prefix = options.baseUrl.pathname.replace(/\/+$/, "");
    this.#pool = new Pool(options.baseUrl.origin, {
      ...this.#clientOptions(),
      connections: options.connectionsMax,
    });
  }

  /** Posts JSON. `fresh` uses a connection that carried nothing before and closes it after. */
  post(path: string, body: string, headers: Readonly<Record<string, string>>, handler: Handler, fresh = false): void {
    const client = fresh ? new Client(this.#options.baseUrl.origin, this.#clientOptions()) : this.#pool;
    const all = { "content-type": "application/json", ...this.#options.headers, ...headers };
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
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...this.#options.headers,
        ...headers,
      },
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
