import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));

/** A gateway in a process of its own, for what only the end of a process shows. */
export class GatewayProcess implements AsyncDisposable {
  /** Where it takes calls. */
  readonly url: string;
  readonly #process: ChildProcess;
  readonly #directory: string;

  private constructor(process: ChildProcess, directory: string, address: string) {
    this.#process = process;
    this.#directory = directory;
    this.url = `http://${address}`;
  }

  /**
   * @param sections of the configuration file; it listens where it likes, without authentication.
   * @param aheadMs by how much its clock goes wrong.
   */
  static async start(sections: object, aheadMs = 0): Promise<GatewayProcess> {
    const directory = await mkdtemp(join(tmpdir(), "llmhub-process-"));
    const path = join(directory, "llmhub.yaml");
    const server = { listen: "127.0.0.1:0", opsListen: "127.0.0.1:0" };
    // JSON is YAML.
    await writeFile(path, JSON.stringify({ auth: { mode: "off" }, log: { format: "json" }, server, ...sections }));
    const clock = `const now = Date.now; Date.now = () => now() + ${aheadMs};`;
    const preload = aheadMs === 0 ? [] : ["--import", `data:text/javascript,${encodeURIComponent(clock)}`];
    const started = spawn(process.execPath, [...preload, main, "serve", "--config", path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    for await (const line of createInterface(started.stdout)) {
      const { address } = line.startsWith("{") ? JSON.parse(line) : {};
      if (address === undefined) continue;
      started.stdout.resume();
      return new GatewayProcess(started, directory, address);
    }
    throw new Error("the gateway ended before it took calls");
  }

  /** As `kill -9` does. Resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGKILL");
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
