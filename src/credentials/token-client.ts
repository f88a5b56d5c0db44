import type { Client as UndiciClient } from "undici";
import { GatewayError } from "../model/error.ts";
import type { Headers } from "../model/protocol.ts";
import { Secret } from "../model/secret.ts";
import { parseObject } from "../protocols/field.ts";
import { Client } from "../upstream/client.ts";
import type { AccessToken } from "./bearer.ts";
import { noToken, refusal, type Source, unreachable } from "./fault.ts";

/** A request to a token server. Without form and JSON it is a GET. */
export interface TokenRequest {
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
  readonly json?: unknown;
}

/** An answer with status 2xx. */
export interface TokenAnswer {
  readonly headers: Headers;
  readonly body: string;
}

/** From the first byte of the connection to the last of the answer. */
const answerMsMax = 10_000;
/** Of an answer: tokens with many groups reach some kilobytes. */
const answerBytesMax = 64 * 1024;
const headBytesMax = 32 * 1024;
/** Longer lives are not believed: the longest known, of Entra's managed identities, is 24 hours. */
const lifeMsMax = 24 * 3_600_000;
/** Of a token whose server does not say, which RFC 6749 allows. */
const lifeMsUnsaid = 5 * 60_000;

/** Asks token servers in the name of one credential. Rejects with PROVIDER_CREDENTIAL_INVALID or PROVIDER_UNAVAILABLE. */
export class TokenClient {
  readonly source: Source;
  /** Wall clock in milliseconds. */
  readonly now: () => number;
  readonly #answerMs: number;

  constructor(source: Source, now: () => number, answerMs = answerMsMax) {
    this.source = source;
    this.now = now;
    this.#answerMs = answerMs;
  }

  /**
   * Asks once, over a connection of its own that is closed after: most of an hour lies between two requests. Redirects
   * are not followed.
   */
  async ask({ url, headers, form, json }: TokenRequest): Promise<TokenAnswer> {
    const client = new Client(url.origin, { ...clientOptions, connect: { timeout: this.#answerMs } });
    try {
      const answer = await client.request({
        method: form === undefined && json === undefined ? "GET" : "POST",
        path: url.pathname + url.search,
        headers: { accept: "application/json", ...contentTypeOf(form, json), ...headers },
        body: form === undefined ? (JSON.stringify(json) ?? null) : new URLSearchParams(form).toString(),
        signal: AbortSignal.timeout(this.#answerMs),
      });
      const body = await this.#textOf(answer.body);
      const { statusCode: status } = answer;
      if (status < 200 || status >= 300) throw refusal(this.source, { ...answer, status, body }, this.now());
      return { headers: answer.headers, body };
    } catch (error) {
      if (error instanceof GatewayError) throw error;
      throw unreachable(this.source, error instanceof Error ? error : new Error("unknown"));
    } finally {
      client.destroy().catch(() => undefined);
    }
  }

  /** Asks for a token in the form of RFC 6749, whose life counts from when it was asked for. */
  async askToken(request: TokenRequest): Promise<AccessToken> {
    const sentMs = this.now();
    const fields = parseObject((await this.ask(request)).body) ?? {};
    return this.issued(fields["access_token"], expiryOf(fields, sentMs));
  }

  /** The token that a server issued, if it can be sent in a header and is still good. */
  issued(token: unknown, expiresMs: number): AccessToken {
    if (typeof token !== "string" || !/^[!-~]+$/.test(token))
      throw noToken(this.source, "its token server sent no token");
    const nowMs = this.now();
    if (expiresMs > nowMs) return { token: new Secret(token), expiresMs: Math.min(expiresMs, nowMs + lifeMsMax) };
    throw noToken(this.source, "its token server sent a token that has expired; compare the clocks of both machines");
  }

  async #textOf(body: AsyncIterable<Buffer>): Promise<string> {
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const piece of body) {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes > answerBytesMax) throw noToken(this.source, `its token server sent more than ${answerBytesMax} bytes`);
    }
    return Buffer.concat(pieces).toString();
  }
}

const clientOptions: UndiciClient.Options = { allowH2: false, maxHeaderSize: headBytesMax };

function contentTypeOf(form: unknown, json: unknown): Readonly<Record<string, string>> {
  if (form !== undefined) return { "content-type": "application/x-www-form-urlencoded" };
  return json === undefined ? {} : { "content-type": "application/json" };
}

/** From expires_in, or Azure's expires_on; App Service and IMDS send them as digits in quotes. */
function expiryOf({ expires_in: life, expires_on: end }: Readonly<Record<string, unknown>>, sentMs: number): number {
  if (isDigits(life)) return sentMs + Number(life) * 1000;
  return isDigits(end) ? Number(end) * 1000 : sentMs + lifeMsUnsaid;
}

function isDigits(value: unknown): boolean {
  return (typeof value === "number" || typeof value === "string") && /^\d+(\.\d+)?$/.test(String(value));
}
