import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { GatewayError } from "../model/error.ts";
import type { Invocation } from "../model/invocation.ts";
import type { Controller, Handler } from "./carrier.ts";
import { PlainHead } from "./head.ts";
import { OutputHead } from "./output-head.ts";

/** What all runs of a program have in common. */
export interface RunPlace {
  /** Absolute path. */
  readonly program: string;
  /** The whole environment but for what an invocation adds. */
  readonly environment: Readonly<Record<string, string>>;
}

/** From the friendly signal to the one that cannot be refused. */
const killMs = 2000;
/** What is kept of the error output. */
const errorBytesMax = 64 * 1024;
/** What is told of it: as JSON it stays below what is kept of a refusal's body. */
const errorCharsMax = 16 * 1024;
/** Stands for a status: a run has none. */
const failedStatus = 500;
const answerHead = new PlainHead({ "content-type": "application/x-ndjson" });
const refusalHead = new PlainHead({ "content-type": "application/json" });

/**
 * One run of a program, told in the words of an HTTP exchange. Its output is the body of a response 200 from the first
 * line of JSON on. A run that ends before that is a response 500 whose body, as JSON, has `exitCode`, `signal` and `output`:
 * what the program said, without control sequences. The handler hears of the end once the process and its children are gone.
 */
export class Run implements Controller {
  aborted = false;
  reason: Error | null = null;
  /** Settles when nothing of the run is left; never rejects. */
  readonly ended: Promise<void>;
  readonly #place: RunPlace;
  /** Where the program runs: made for this run, and removed after it. */
  readonly #directory: string;
  readonly #handler: Handler;
  readonly #head = new OutputHead();
  #child: ChildProcessWithoutNullStreams | undefined;
  #failure: Error | undefined;
  #begun = false;
  #over = false;
  readonly #errors: Buffer[] = [];
  #errorBytes = 0;
  #killer: NodeJS.Timeout | undefined;
  #settle!: () => void;

  constructor(place: RunPlace, directory: string, handler: Handler) {
    this.#place = place;
    this.#directory = directory;
    this.#handler = handler;
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  start(invocation: Invocation): void {
    this.#handler.onRequestStart(this);
    if (this.aborted) this.#end(null, null);
    else this.#spawn(invocation);
  }

  abort(reason: Error): void {
    if (this.aborted || this.#over) return;
    this.aborted = true;
    this.reason = reason;
    const child = this.#child;
    if (child === undefined) return;
    // Nobody reads on; and a program that is stuck in writing comes free.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    if (child.exitCode !== null || child.signalCode !== null) return;
    this.kill("SIGTERM");
    this.#killer = setTimeout(() => this.kill("SIGKILL"), killMs);
  }

  pause(): void {
    this.#child?.stdout.pause();
  }

  resume(): void {
    this.#child?.stdout.resume();
  }

  /** Sends a signal to the program and to what it started in its process group. */
  kill(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // Nothing is left of the group, or there are no groups here.
      this.#child?.kill(signal);
    }
  }

  #spawn({ arguments: args, environment, input, files }: Invocation): void {
    const { program } = this.#place;
    let child: ChildProcessWithoutNullStreams;
    try {
      mkdirSync(this.#directory, { mode: 0o700 });
      for (const [name, text] of Object.entries(files)) {
        writeFileSync(join(this.#directory, name), text, { mode: 0o600, flag: "wx" });
      }
      child = spawn(program, args, {
        cwd: this.#directory,
        env: { ...this.#place.environment, ...environment, TMPDIR: this.#directory },
        // The head of a process group of its own, so that all of it can be ended.
        detached: true,
        stdio: "pipe",
      });
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error("the program cannot be started");
      this.#end(null, null);
      return;
    }
    this.#child = child;
    child.on("error", (error) => {
      if (child.pid === undefined) this.#failure = error;
    });
    child.on("exit", () => this.kill("SIGKILL"));
    child.on("close", (code, signal) => this.#end(code, signal));
    child.stdout.on("data", (bytes: Buffer) => this.#take(bytes));
    child.stderr.on("data", (bytes: Buffer) => this.#keep(bytes));
    // A program that does not read its input says why in another way.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  }

  #take(bytes: Buffer): void {
    if (this.aborted) return;
    if (this.#begun) {
      this.#handler.onResponseData(this, bytes);
      return;
    }
    let answer: Buffer | undefined;
    try {
      answer = this.#head.push(bytes);
    } catch (error) {
      this.abort(GatewayError.of(error));
      return;
    }
    if (answer === undefined) return;
    this.#begun = true;
    this.#handler.onResponseStart(this, 200, answerHead);
    if (!this.aborted) this.#handler.onResponseData(this, answer);
  }

  #keep(bytes: Buffer): void {
    if (this.#errorBytes >= errorBytesMax) return;
    this.#errorBytes += bytes.length;
    this.#errors.push(bytes);
  }

  #end(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#killer);
    const told = () => {
      this.#tell(code, signal);
      this.#settle();
    };
    rm(this.#directory, { recursive: true, force: true }).then(told, told);
  }

  #tell(code: number | null, signal: NodeJS.Signals | null): void {
    const handler = this.#handler;
    if (this.reason !== null) handler.onResponseError(this, this.reason);
    else if (this.#failure !== undefined) handler.onResponseError(this, unstartable(this.#failure));
    else if (!this.#begun) this.#refuse(code, signal);
    else if (code === 0) handler.onResponseEnd(this);
    else handler.onResponseError(this, brokenOff(code, signal));
  }

  #refuse(exitCode: number | null, signal: NodeJS.Signals | null): void {
    const said = Buffer.concat([this.#head.text, ...this.#errors]).subarray(0, errorBytesMax);
    const output = plainText(said.toString()).slice(0, errorCharsMax).toWellFormed();
    this.#handler.onResponseStart(this, failedStatus, refusalHead);
    this.#handler.onResponseData(this, Buffer.from(JSON.stringify({ exitCode, signal, output })));
    this.#handler.onResponseEnd(this);
  }
}

/** Text as it would be read on a terminal, without colours and control characters. */
function plainText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is to go
  return stripVTControlCharacters(text).replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, "");
}

function unstartable(error: Error): GatewayError {
  const code = "code" in error && typeof error.code === "string" ? ` (${error.code})` : "";
  return new GatewayError("PROVIDER_UNAVAILABLE", `the program of the provider cannot be started${code}`, {
    metadata: { cause: "program" },
    cause: error,
  });
}

function brokenOff(code: number | null, signal: NodeJS.Signals | null): GatewayError {
  const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
  return new GatewayError("PROVIDER_UNAVAILABLE", `the program of the provider ended ${how} in its answer`, {
    metadata: { cause: "exit" },
  });
}
