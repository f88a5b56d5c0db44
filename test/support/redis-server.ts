import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Redis } from "ioredis";
import { test } from "vitest";

/** test() for what needs Redis: left out, and said so, where there is none; an error where CI runs. */
export const testWithRedis = test.skipIf(isAbsent());

/** Starts that lose their port to somebody else until that is a failure. */
const startsMax = 5;

/** A redis-server of its own, empty, on a free port of this machine. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly #arguments: readonly string[];
  readonly #directory: string;
  #process: ChildProcess | undefined;
  #client: Redis | undefined;

  private constructor(port: number, directory: string, settings: readonly string[]) {
    this.port = port;
    this.#directory = directory;
    this.#arguments = [
      ...["--port", String(port), "--bind", "127.0.0.1", "--dir", directory, "--save", "", "--appendonly", "no"],
      ...["--enable-debug-command", "yes", ...settings],
    ];
  }

  /** @param settings of redis.conf: ["--requirepass", "secret"]. */
  static async start(settings: readonly string[] = []): Promise<RedisServer> {
    for (let starts = 1; ; starts++) {
      const server = new RedisServer(await freePort(), await mkdtemp(join(tmpdir(), "llmhub-redis-")), settings);
      try {
        await server.run();
        return server;
      } catch (error) {
        await server[Symbol.asyncDispose]();
        if (starts === startsMax) throw error;
      }
    }
  }

  /** "redis://127.0.0.1:1234". */
  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** A client of the test's own, straight to the server. */
  get client(): Redis {
    if (this.#client === undefined) {
      this.#client = new Redis(this.port, "127.0.0.1", { retryStrategy: () => 20, maxRetriesPerRequest: null });
      this.#client.on("error", () => undefined);
    }
    return this.#client;
  }

  /** All keys, sorted, but for the one by which a link has just proved that it may write. */
  async keys(): Promise<string[]> {
    return (await this.client.keys("*")).filter((key) => !key.endsWith(":probe")).sort();
  }

  /** Starts it (again), empty; resolves when it takes connections. */
  async run(): Promise<void> {
    const started = spawn("redis-server", this.#arguments, { stdio: ["ignore", "pipe", "inherit"] });
    this.#process = started;
    const lines = createInterface(started.stdout);
    for await (const line of lines) if (line.includes("Ready to accept connections")) break;
    started.stdout.resume();
    if (started.exitCode !== null) throw new Error(`redis-server does not start on port ${this.port}`);
  }

  /** As `kill -9` does. Resolves when it is gone. */
  async kill(): Promise<void> {
    const running = this.#process;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const gone = new Promise((resolve) => running.once("exit", resolve));
    running.kill("SIGCONT");
    running.kill("SIGKILL");
    await gone;
  }

  /** Stops its clock and its answers; connections stay open. */
  suspend(): void {
    this.#process?.kill("SIGSTOP");
  }

  /** The end of `suspend`. */
  continue(): void {
    this.#process?.kill("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client?.disconnect();
    await this.kill();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

function isAbsent(): boolean {
  if (spawnSync("redis-server", ["--version"]).error === undefined) return false;
  if (process.env["CI"]) throw new Error("redis-server is not on PATH, and the tests need it");
  process.stderr.write("redis-server is not on PATH: the tests that need it are LEFT OUT\n");
  return true;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
