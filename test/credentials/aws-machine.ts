import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect, vi } from "vitest";
import { GatewayError } from "../../src/model/error.ts";
import { ScriptedUpstream, type UpstreamRequest } from "../support/scripted-upstream.ts";

/** What no error may show. */
export const secret = "a-secret-of-aws";

/** A machine on which nothing of AWS is set up: neither variables nor files of the real one have a say. */
export class Machine implements Disposable {
  readonly home = mkdtempSync(join(tmpdir(), "llmhub-aws-"));

  constructor() {
    for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) vi.stubEnv(name, undefined);
    vi.stubEnv("HOME", this.home);
    vi.stubEnv("AWS_CONFIG_FILE", join(this.home, "config"));
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(this.home, "credentials"));
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
  }

  /** Writes a file; returns its path. */
  file(name: string, ...lines: string[]): string {
    const path = join(this.home, name);
    writeFileSync(path, `${lines.join("\n")}\n`);
    return path;
  }

  [Symbol.dispose](): void {
    vi.unstubAllEnvs();
    rmSync(this.home, { recursive: true });
  }
}

/** A server of AWS's, on a socket of this machine. */
export async function serve(answer: (request: UpstreamRequest, count: number) => Answer): Promise<ScriptedUpstream> {
  const server = await ScriptedUpstream.start(async (connection) => {
    for (;;) {
      const { status = 200, body } = answer(await connection.request(), server.requests.length);
      await connection.respond(status, typeof body === "string" ? body : JSON.stringify(body));
    }
  });
  return server;
}

/** What such a server says. */
export interface Answer {
  readonly status?: number;
  /** An object is sent as JSON. */
  readonly body: unknown;
}

/** Keys for an hour, as the container endpoint and the instance's metadata give them. */
export function issued(count: number, nowMs: number): Answer {
  const Expiration = new Date(nowMs + 3_600_000).toISOString().replace(".000", "");
  return { body: { AccessKeyId: `ASIA${count}`, SecretAccessKey: secret, Token: `token-${count}`, Expiration } };
}

/** Keys for an hour, as STS gives them. */
export function assumed(action: string, count: number, nowMs: number): Answer {
  const { body } = issued(count, nowMs);
  const { AccessKeyId, SecretAccessKey, Token, Expiration } = body as Record<string, string>;
  return {
    body: `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><Credentials>
      <AccessKeyId>${AccessKeyId}</AccessKeyId><SecretAccessKey>${SecretAccessKey}</SecretAccessKey>
      <SessionToken>${Token}</SessionToken><Expiration>${Expiration}</Expiration>
    </Credentials></${action}Result></${action}Response>`,
  };
}

/** The form that a request brings. */
export function formOf({ body }: UpstreamRequest): Readonly<Record<string, string>> {
  return Object.fromEntries(new URLSearchParams(body));
}

/** The GatewayError that something ends with. Fails if it ends well, or if the error shows the secret. */
export async function failureOf(ends: () => unknown): Promise<GatewayError> {
  try {
    await ends();
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    expect(inspect(error, { depth: 8, showHidden: true })).not.toContain(secret);
    return error;
  }
  throw new Error("nothing failed");
}
