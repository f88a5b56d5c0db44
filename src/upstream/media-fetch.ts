import type { Dispatcher } from "undici";
import { GatewayError } from "../model/error.ts";
import { Client } from "./client.ts";
import { connectionCause } from "./connection-fault.ts";
import { EgressGuard, type EgressGuardOptions, pinned, unreachable } from "./egress-guard.ts";
import { Turns } from "./turns.ts";

/** Bounds on one fetch; the guard's options are for tests. */
export interface MediaFetcherOptions extends EgressGuardOptions {
  /** Default: 20 MiB. */
  readonly bytesMax?: number | undefined;
  /** From the call of `fetch` to the last byte, with all redirects and the wait for a turn. Default: 10 s. */
  readonly timeoutMs?: number | undefined;
}

/** What an address holds. */
export interface FetchedMedia {
  readonly bytes: Buffer;
  /** As the server states it, in lower case and without parameters; empty where it states none that could be one. */
  readonly mimeType: string;
}

const bytesMaxDefault = 20 * 1024 * 1024;
const timeoutMsDefault = 10_000;
/** Fetches at once, and callers who may wait for one to end. */
const atOnceMax = 32;
const waitingMax = 256;
const redirectsMax = 3;
/** Connecting, and what may be left of a connection that is made after its caller has gone. */
const connectMs = 5_000;
const headBytesMax = 32 * 1024;

const headers = {
  accept: "image/*, audio/*, video/*, application/pdf, text/*, */*;q=0.5",
  "accept-encoding": "identity",
  "user-agent": "llmhub",
};

/**
 * Fetches media for providers that take only bytes. Whatever goes wrong at the address is the caller's to mend:
 * INVALID_REQUEST, with the host, never the path, and the cause: those of EgressGuard and of connections, "timeout",
 * "redirect", "status" or "content_encoding". PAYLOAD_TOO_LARGE when it holds too much; GATEWAY_OVERLOADED when too many
 * fetches are under way. Nothing of the call's credentials is sent, and no connection is kept.
 */
export class MediaFetcher {
  readonly #guard: EgressGuard;
  readonly #bytesMax: number;
  readonly #timeoutMs: number;
  readonly #turns = new Turns(atOnceMax, waitingMax);

  constructor({ bytesMax = bytesMaxDefault, timeoutMs = timeoutMsDefault, ...guard }: MediaFetcherOptions = {}) {
    this.#guard = new EgressGuard(guard);
    this.#bytesMax = bytesMax;
    this.#timeoutMs = timeoutMs;
  }

  /** Rejects with the signal's reason as soon as that aborts, and closes the connection. */
  async fetch(uri: string, signal: AbortSignal): Promise<FetchedMedia> {
    if (!URL.canParse(uri)) {
      throw new GatewayError("INVALID_REQUEST", "the address is not a valid URI", { metadata: { cause: "uri" } });
    }
    const limit = AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]);
    if (!(await this.#turns.begin(limit))) {
      signal.throwIfAborted();
      throw new GatewayError("GATEWAY_OVERLOADED", "too many media are being fetched", {
        metadata: { cause: "media" },
      });
    }
    try {
      return await this.#follow(new URL(uri), limit);
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      this.#turns.end();
    }
  }

  async #follow(first: URL, limit: AbortSignal): Promise<FetchedMedia> {
    let url = first;
    for (let redirects = 0; redirects <= redirectsMax; redirects++) {
      const found = await this.#get(url, limit);
      if (!(found instanceof URL)) return found;
      url = found;
    }
    throw unreachable(first, "redirect", `it redirects more than ${redirectsMax} times`);
  }

  /** What is there, or where it leads to. */
  async #get(url: URL, limit: AbortSignal): Promise<FetchedMedia | URL> {
    try {
      const lookup = pinned(await this.#guard.admit(url, limit));
      const client = clientOf(url, lookup);
      try {
        const answer = await client.request({ method: "GET", path: url.pathname + url.search, headers, signal: limit });
        return redirectOf(url, answer) ?? (await this.#read(url, answer));
      } finally {
        await client.destroy();
      }
    } catch (error) {
      throw this.#problemOf(url, error, limit);
    }
  }

  async #read(url: URL, { statusCode, headers, body }: Dispatcher.ResponseData): Promise<FetchedMedia> {
    if (statusCode !== 200) {
      throw unreachable(url, "status", `it answers with HTTP ${statusCode}`, {
        metadata: { status: String(statusCode) },
      });
    }
    const coding = String(headers["content-encoding"] ?? "identity").toLowerCase();
    if (coding !== "identity")
      throw unreachable(url, "content_encoding", "it sends compressed what was asked for plain");
    if (Number(headers["content-length"]) > this.#bytesMax) throw this.#tooLarge(url);
    const pieces: Buffer[] = [];
    let length = 0;
    for await (const piece of body as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > this.#bytesMax) throw this.#tooLarge(url);
      pieces.push(piece);
    }
    return { bytes: Buffer.concat(pieces, length), mimeType: mimeTypeOf(String(headers["content-type"] ?? "")) };
  }

  #problemOf(url: URL, error: unknown, limit: AbortSignal): unknown {
    if (error instanceof GatewayError) return error;
    if (limit.aborted) return unreachable(url, "timeout", `it does not answer in full within ${this.#timeoutMs} ms`);
    const cause = error instanceof Error ? connectionCause(error) : "reset";
    return unreachable(url, cause, `no answer (${cause})`, { cause: error });
  }

  #tooLarge({ host }: URL): GatewayError {
    const limit = this.#bytesMax;
    return new GatewayError("PAYLOAD_TOO_LARGE", `media from ${host} are larger than the limit of ${limit} bytes`, {
      metadata: { limitBytes: String(limit), host },
    });
  }
}

/** For one request: the next address is another host, or the same host to be checked anew. */
function clientOf({ origin }: URL, lookup: ReturnType<typeof pinned>): Client {
  return new Client(origin, {
    allowH2: false,
    pipelining: 0,
    // There is one time limit over all of a fetch.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: headBytesMax,
    connect: { timeout: connectMs, lookup },
  });
}

function redirectOf(url: URL, { statusCode, headers }: Dispatcher.ResponseData): URL | undefined {
  const { location } = headers;
  if (![301, 302, 303, 307, 308].includes(statusCode) || typeof location !== "string") return undefined;
  if (!URL.canParse(location, url.href)) throw unreachable(url, "redirect", "it redirects to what is no valid URI");
  return new URL(location, url);
}

function mimeTypeOf(contentType: string): string {
  const bare = contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return /^[a-z0-9.+-]+\/[a-z0-9.+-]+$/.test(bare) ? bare : "";
}
