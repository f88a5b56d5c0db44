import { execFile } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import { GatewayError } from "../model/error.ts";
import type { Invocation } from "../model/invocation.ts";
import { type Carrier, type Handler, type Post, Turnstile } from "./carrier.ts";
import { Run, type RunPlace } from "./run.ts";
import type { SmallAnswer } from "./upstream.ts";

/** A program on this machine and how it is run. */
export interface ProgramOptions extends RunPlace {
  /** Processes at once; more calls wait inside their own time limits. */
  readonly processesMax: number;
}

const answerBytesMax = 64 * 1024;

/**
 * The way to a provider that is a program: one process for each call, never through a shell, in an empty directory of its
 * own. Bodies are Invocations; paths and headers mean nothing here.
 */
export class Program implements Carrier {
  readonly #options: ProgramOptions;
  readonly #turnstile: Turnstile;
  readonly #directory: string;
  readonly #runs = new Set<Run>();
  #number = 0;

  constructor(options: ProgramOptions) {
    this.#options = options;
    this.#turnstile = new Turnstile(options.processesMax, (request, handler) => this.#run(request, handler));
    this.#directory = mkdtempSync(join(tmpdir(), "llmhub-program-"));
    process.once("exit", this.#perish);
  }

  post(request: Post, handler: Handler): void {
    this.#turnstile.post(request, handler);
  }

  withdraw(handler: Handler): boolean {
    return this.#turnstile.withdraw(handler);
  }

  release(): void {
    this.#turnstile.release();
  }

  #run({ body }: Post, handler: Handler): void {
    const run = new Run(this.#options, join(this.#directory, String(this.#number++)), handler);
    this.#runs.add(run);
    void run.ended.then(() => this.#runs.delete(run));
    run.start(JSON.parse(body) as Invocation);
  }

  /** What the program prints when it is run with one argument: at most 64 KiB. */
  async request(
    argument: string,
    _body: string | undefined,
    _headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<SmallAnswer> {
    const { program, environment } = this.#options;
    const options = { cwd: this.#directory, env: environment, signal, maxBuffer: answerBytesMax };
    try {
      const { stdout } = await promisify(execFile)(program, [argument], { ...options, killSignal: "SIGKILL" });
      return { status: 200, headers: {}, body: stdout };
    } catch (error) {
      if (signal.aborted) throw error;
      throw new GatewayError("PROVIDER_UNAVAILABLE", `the program of the provider fails with ${argument}`, {
        metadata: { cause: "program" },
        cause: error,
      });
    }
  }

  /** Lets the processes under way finish; the time limits of their calls bound that. */
  async close(): Promise<void> {
    while (this.#runs.size > 0) await Promise.all([...this.#runs].map(({ ended }) => ended));
    process.off("exit", this.#perish);
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** The gateway itself ends: no process may stay behind. */
  readonly #perish = (): void => {
    for (const run of this.#runs) run.kill("SIGKILL");
    rmSync(this.#directory, { recursive: true, force: true });
  };
}

/** Why a path cannot be that of a program to run; undefined if it can. */
export function programProblem(path: string): string | undefined {
  if (!isAbsolute(path)) return "must be an absolute path";
  try {
    if (!statSync(path).isFile()) return "does not name a file";
    accessSync(path, constants.X_OK);
    return undefined;
  } catch (error) {
    const { code } = error as { code?: unknown };
    return code === "ENOENT" ? "names a file that does not exist" : "names a file that may not be executed";
  }
}
