import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, type FSWatcher, openSync, readFileSync, watch } from "node:fs";

/** A program that was started, and what it writes. */
export class Program implements AsyncDisposable {
  readonly #process: ChildProcess;
  #output = "";
  #heard = Promise.withResolvers<void>();
  #log: FSWatcher | undefined;

  /** @param log file that its standard output goes to, in place of a pipe. */
  constructor(words: readonly string[], log?: string) {
    const [command = "", ...args] = words;
    const out = log === undefined ? "pipe" : openSync(log, "a");
    this.#process = spawn(command, args, { stdio: ["ignore", out, "pipe"] });
    if (typeof out === "number") closeSync(out);
    if (log !== undefined) this.#log = watch(log, () => this.#take(readFileSync(log, "utf8")));
    const add = (bytes: Buffer): void => this.#take(this.#output + String(bytes));
    this.#process.stdout?.on("data", add);
    this.#process.stderr?.on("data", add);
    this.#process.once("exit", () => this.#take(this.#output));
  }

  /** All that it has written and that was read. */
  get output(): string {
    return this.#output;
  }

  /** Number of the process; 0 if it could not be started. */
  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get isGone(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** Resolves with what it writes once that matches; rejects if it ends before. */
  async said(pattern: RegExp): Promise<string> {
    for (;;) {
      const [found] = pattern.exec(this.#output) ?? [];
      if (found !== undefined) return found;
      if (this.isGone) throw new Error(`the program ended before it said ${pattern}: ${this.#output}`);
      await this.#heard.promise;
    }
  }

  /** Its standard output is read no more. */
  stopReading(): void {
    this.#process.stdout?.pause();
  }

  /** The end of `stopReading`. */
  readOn(): void {
    this.#process.stdout?.resume();
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** The exit code, or the signal that ended it. */
  async exit(): Promise<number | string | null> {
    if (!this.isGone) await once(this.#process, "exit");
    return this.#process.exitCode ?? this.#process.signalCode;
  }

  /** As `kill -9` does. Resolves when it is gone. */
  async kill(): Promise<void> {
    if (!this.isGone) this.#process.kill("SIGKILL");
    await this.exit();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#log?.close();
    await this.kill();
  }

  #take(output: string): void {
    this.#output = output;
    this.#heard.resolve();
    this.#heard = Promise.withResolvers();
  }
}
