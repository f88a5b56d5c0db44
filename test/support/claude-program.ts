import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Step } from "./fake-claude.ts";

const fake = fileURLToPath(new URL("fake-claude.ts", import.meta.url));

/** The fake program, installed as an executable file. */
export class ClaudeProgram implements AsyncDisposable {
  readonly path: string;
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
    this.path = join(directory, "claude");
  }

  static async install(): Promise<ClaudeProgram> {
    const program = new ClaudeProgram(await mkdtemp(join(tmpdir(), "llmhub-claude-")));
    await writeFile(program.path, `#!/bin/sh\nexec '${process.execPath}' '${fake}' "$@"\n`);
    await chmod(program.path, 0o755);
    return program;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** The prompt that makes the fake program take these steps. */
export function prompt(...steps: readonly Step[]): string {
  return JSON.stringify(steps);
}

/** Where processes hold connections, so that a test sees them come and go. */
export class Watch implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #arrived: Socket[] = [];
  readonly #waiting: ((socket: Socket) => void)[] = [];

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (socket) => {
      socket.on("error", () => undefined).resume();
      this.#sockets.add(socket);
      const waiter = this.#waiting.shift();
      if (waiter === undefined) this.#arrived.push(socket);
      else waiter(socket);
    });
  }

  static async open(): Promise<Watch> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Watch(server);
  }

  /** Processes that came and that nobody asked for yet. */
  get count(): number {
    return this.#arrived.length;
  }

  /** The next process that calls: a promise for its end. */
  async next(): Promise<{ readonly gone: Promise<void> }> {
    const socket = this.#arrived.shift() ?? (await new Promise<Socket>((resolve) => this.#waiting.push(resolve)));
    return { gone: new Promise((resolve) => (socket.closed ? resolve() : socket.once("close", () => resolve()))) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
