import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import type { TokenReply } from "../support/token-server.ts";

/** What no error may show. */
export const secret = "a-secret-of-aws";

/** A machine on which nothing of AWS is set up: neither variables nor files of the real one have a say. */
export class Machine implements Disposable {
  #issued = 0;
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

  /** Keys for an hour, numbered, as the container endpoint and the instance's metadata give them. */
  issue(nowMs: number): TokenReply {
    return { body: this.#issue(nowMs) };
  }

  /** The same, as STS gives them. */
  assume(action: string, nowMs: number): TokenReply {
    const { AccessKeyId, SecretAccessKey, Token, Expiration } = this.#issue(nowMs);
    return {
      body: `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><Credentials>
        <AccessKeyId>${AccessKeyId}</AccessKeyId><SecretAccessKey>${SecretAccessKey}</SecretAccessKey>
        <SessionToken>${Token}</SessionToken><Expiration>${Expiration}</Expiration>
      </Credentials></${action}Result></${action}Response>`,
    };
  }

  #issue(nowMs: number) {
    const count = ++this.#issued;
    const Expiration = new Date(nowMs + 3_600_000).toISOString();
    return { AccessKeyId: `ASIA${count}`, SecretAccessKey: secret, Token: `token-${count}`, Expiration };
  }

  [Symbol.dispose](): void {
    vi.unstubAllEnvs();
    rmSync(this.home, { recursive: true });
  }
}
