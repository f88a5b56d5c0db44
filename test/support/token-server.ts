import { type KeyObject, verify } from "node:crypto";
import { inspect } from "node:util";
import { expect } from "vitest";
import { GatewayError } from "../../src/model/error.ts";
import { ScriptedUpstream, type UpstreamRequest } from "./scripted-upstream.ts";

/** What a token server says. */
export interface TokenReply {
  readonly status?: number;
  /** An object is sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A token server played by a test, on a socket of this machine. */
export class TokenServer implements AsyncDisposable {
  /** "127.0.0.1:1234", also after the server has gone. */
  readonly host: string;
  readonly url: string;
  /** May be replaced between two requests. */
  answer: (request: UpstreamRequest) => TokenReply;
  readonly #upstream: ScriptedUpstream;

  private constructor(upstream: ScriptedUpstream, answer: TokenServer["answer"]) {
    this.#upstream = upstream;
    this.url = upstream.url;
    this.host = new URL(upstream.url).host;
    this.answer = answer;
  }

  /** Without an answer of its own it issues "t-1", "t-2" and so on, for an hour each. */
  static async start(answer?: TokenServer["answer"]): Promise<TokenServer> {
    const upstream = await ScriptedUpstream.start(async (connection) => {
      for (;;) {
        const { status = 200, body = "", headers } = server.answer(await connection.request());
        await connection.respond(status, typeof body === "string" ? body : JSON.stringify(body), headers);
      }
    });
    const issue = () => ({ body: { access_token: `t-${server.requests.length}`, expires_in: 3600 } });
    const server = new TokenServer(upstream, answer ?? issue);
    return server;
  }

  get requests(): readonly UpstreamRequest[] {
    return this.#upstream.requests;
  }

  /** The form of a request, the latest if no index is given. */
  form(index = -1): Readonly<Record<string, string>> {
    return Object.fromEntries(new URLSearchParams(this.requests.at(index)?.body));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#upstream[Symbol.asyncDispose]();
  }
}

/** The claims of a JWT, once its RS256 signature, audience and time hold as a token server would check them. */
export function verifiedClaims(
  jwt: string | undefined,
  publicKey: KeyObject,
  expected: { readonly audience: string; readonly nowMs: number },
): { readonly header: unknown; readonly claims: Readonly<Record<string, unknown>> } {
  const [header = "", body = "", signature = ""] = jwt?.split(".") ?? [];
  const said = Buffer.from(`${header}.${body}`);
  expect(verify("RSA-SHA256", said, publicKey, Buffer.from(signature, "base64url"))).toBe(true);
  const claims = JSON.parse(Buffer.from(body, "base64url").toString());
  expect(claims.aud).toBe(expected.audience);
  expect(claims.iat * 1000).toBeLessThanOrEqual(expected.nowMs);
  expect(claims.exp * 1000).toBeGreaterThan(expected.nowMs);
  expect(claims.exp - claims.iat).toBeLessThanOrEqual(3600);
  return { header: JSON.parse(Buffer.from(header, "base64url").toString()), claims };
}

/** The GatewayError that something ends with. Fails if it ends well, or if the error shows one of the secrets. */
export async function credentialFailure(ends: () => unknown, secrets: readonly string[] = []): Promise<GatewayError> {
  let error: unknown;
  try {
    await ends();
  } catch (thrown) {
    error = thrown;
  }
  if (!(error instanceof GatewayError)) throw new Error(`no GatewayError: ${inspect(error)}`);
  const shown = [
    JSON.stringify(error, plain),
    inspect(
      { ...error, details: undefined, message: error.message, cause: error.cause },
      { depth: 8, showHidden: true },
    ),
    inspect(error),
    String(error.stack),
    [...error.metadata].join(),
  ].join("\n");
  for (const secret of secrets) expect(shown).not.toContain(secret);
  return error;
}

/** Descriptors of messages go in circles. */
function plain(key: string, value: unknown): unknown {
  if (key === "desc") return undefined;
  return typeof value === "bigint" ? String(value) : value;
}
