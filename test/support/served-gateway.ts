import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { freshBundle } from "../../build/bundle.ts";
import { Child } from "./child.ts";

const startMsMax = 20_000;

/** What is special about a gateway. */
export interface ServedOptions {
  /** List of cores as taskset takes it; absent: any. */
  readonly cores?: string | undefined;
  readonly upstreamUrl: string;
  /** Options of Node beside those of the start script. */
  readonly nodeFlags?: readonly string[];
  /** Tenants, each with an API key of its own; absent: one key of no tenant. */
  readonly tenants?: readonly string[];
  /** Connections to the provider at most; absent: as by default. */
  readonly connectionsMax?: number;
  /** Models of the provider whose facts are known, and aliases; absent: none. */
  readonly models?: { readonly known: object; readonly aliases: object };
  /** Processes that take calls; absent: one. */
  readonly workers?: number;
  /** Further sections of the configuration, as YAML. */
  readonly sections?: string;
}

/** The gateway as an operator runs it, with API keys, in a process of its own. */
export class ServedGateway {
  readonly child: Child;
  readonly url: string;
  readonly opsUrl: string;
  /** One for each tenant. */
  readonly apiKeys: readonly string[];
  /** From spawning to the first good answer of /readyz. */
  readonly startMs: number;

  private constructor(child: Child, ports: Ports, apiKeys: readonly string[], startMs: number) {
    this.child = child;
    this.url = `http://127.0.0.1:${ports.port}`;
    this.opsUrl = `http://127.0.0.1:${ports.opsPort}`;
    this.apiKeys = apiKeys;
    this.startMs = startMs;
  }

  static async start(options: ServedOptions): Promise<ServedGateway> {
    const { cores, nodeFlags = [], tenants = [""] } = options;
    const folder = mkdtempSync(join(tmpdir(), "llmhub-served-"));
    const ports = { port: await freePort(), opsPort: await freePort() };
    const apiKeys = tenants.map(() => `lh_${randomBytes(32).toString("base64url")}`);
    const path = join(folder, "llmhub.yaml");
    writeFileSync(path, configuration(options, ports, apiKeys));
    const main = await freshBundle();
    const startedMs = performance.now();
    const child = new Child(cores, [...startFlags(), ...nodeFlags, main, "serve", "--config", path]);
    child.process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    await answered(child, `http://127.0.0.1:${ports.opsPort}/readyz`, startMsMax);
    return new ServedGateway(child, ports, apiKeys, performance.now() - startedMs);
  }
}

/** Waits for the first good answer of a process that starts. Ends it, and rejects, when none comes in time. */
export async function answered(child: Child, url: string, msMax: number): Promise<void> {
  const endMs = performance.now() + msMax;
  while (performance.now() < endMs && child.process.exitCode === null) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok === true) return;
    await wait(2);
  }
  await child.stop();
  throw new Error(`${child.process.spawnargs.join(" ")} did not answer ${url}`);
}

interface Ports {
  readonly port: number;
  readonly opsPort: number;
}

function configuration(options: ServedOptions, { port, opsPort }: Ports, apiKeys: readonly string[]): string {
  const { upstreamUrl, tenants = [], connectionsMax, models, workers, sections = "" } = options;
  const keys = apiKeys.map((apiKey, index) => {
    const sha256 = createHash("sha256").update(apiKey).digest("hex");
    const tenant = tenants[index] ? { tenant: tenants[index] } : {};
    return { id: tenants[index] || "bench", sha256, models: ["openai/*"], ...tenant };
  });
  const openai = {
    apiKey: "sk-bench",
    baseUrl: `${upstreamUrl}/v1`,
    ...(connectionsMax && { connectionsMax }),
    ...(models && { models: models.known }),
  };
  return `server:
  listen: 127.0.0.1:${port}
  opsListen: 127.0.0.1:${opsPort}
${workers === undefined ? "" : `  workers: ${workers}\n`}auth:
  mode: keys
  keys: ${JSON.stringify(keys)}
providers: ${JSON.stringify({ openai })}
models: ${JSON.stringify({ aliases: models?.aliases ?? {} })}
log:
  level: info
  format: json
${sections}`;
}

/** Options of Node in the start script, which is how the gateway is run. */
function startFlags(): readonly string[] {
  const manifest: { scripts: { start: string } } = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  );
  return manifest.scripts.start.match(/--\S+(?=.* dist\/main\.js)/g) ?? [];
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
