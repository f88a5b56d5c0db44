import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Child } from "./child.ts";

/** Options of Node in the start script, which is how the gateway is run. */
const nodeFlags = startFlags();
const startMsMax = 20_000;

/** The gateway as an operator runs it, with an API key, in a process of its own. */
export class BenchGateway {
  readonly child: Child;
  readonly url: string;
  readonly apiKey: string;
  /** From spawning to the first good answer of /readyz. */
  readonly startMs: number;

  private constructor(child: Child, url: string, apiKey: string, startMs: number) {
    this.child = child;
    this.url = url;
    this.apiKey = apiKey;
    this.startMs = startMs;
  }

  static async start(cores: string | undefined, upstreamUrl: string, flags: readonly string[]): Promise<BenchGateway> {
    const folder = mkdtempSync(join(tmpdir(), "llmhub-bench-"));
    const [port, opsPort] = [await freePort(), await freePort()];
    const apiKey = `lh_${randomBytes(32).toString("base64url")}`;
    const path = join(folder, "llmhub.yaml");
    writeFileSync(path, configuration({ port, opsPort, apiKey, upstreamUrl }));
    const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));
    const startedMs = performance.now();
    const child = new Child(cores, [...nodeFlags, ...flags, main, "serve", "--config", path]);
    child.process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    await ready(child, `http://127.0.0.1:${opsPort}/readyz`);
    return new BenchGateway(child, `http://127.0.0.1:${port}`, apiKey, performance.now() - startedMs);
  }
}

async function ready(child: Child, url: string): Promise<void> {
  const endMs = performance.now() + startMsMax;
  while (performance.now() < endMs && child.process.exitCode === null) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok === true) return;
    await wait(2);
  }
  await child.stop();
  throw new Error(`the gateway did not answer ${url}`);
}

interface Settings {
  readonly port: number;
  readonly opsPort: number;
  readonly apiKey: string;
  readonly upstreamUrl: string;
}

function configuration({ port, opsPort, apiKey, upstreamUrl }: Settings): string {
  return `server:
  listen: 127.0.0.1:${port}
  opsListen: 127.0.0.1:${opsPort}
auth:
  mode: keys
  keys:
    - id: bench
      sha256: "${createHash("sha256").update(apiKey).digest("hex")}"
      models: ["openai/*"]
providers:
  openai:
    apiKey: sk-bench
    baseUrl: ${upstreamUrl}/v1
log:
  level: info
  format: json
`;
}

function startFlags(): readonly string[] {
  const manifest: { scripts: { start: string } } = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  );
  return manifest.scripts.start.match(/--\S+(?=.* src\/main\.js)/g) ?? [];
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
