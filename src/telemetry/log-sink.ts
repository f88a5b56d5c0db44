import { write, writeSync } from "node:fs";

/** Characters that may wait while nobody reads; lines beyond are dropped, so that serving goes on. */
const waitingCharsMax = 4 * 1024 * 1024;
/** Lines are collected until there are this many characters, or for this long. */
const batchChars = 64 * 1024;
const batchMs = 100;
/** Pause before a full pipe is tried again. */
const retryMs = 100;
/** How long the end of the process waits for a reader that does not read. */
const flushMsMax = 1000;

/**
 * Writes lines to a file descriptor in the background, in order. Neither a reader that stopped, nor a closed pipe, nor a
 * full disk ever blocks, throws or ends the process: lines are lost instead, and each loss is reported.
 */
export class LogSink {
  readonly #fd: number;
  readonly #dropped: (lines: number) => void;
  #waiting = "";
  /** What is being written now. */
  #batch: Buffer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param dropped told of lines that are lost, a line of which a part was written included. */
  constructor(fd: number, dropped: (lines: number) => void) {
    this.#fd = fd;
    this.#dropped = dropped;
  }

  write(line: string): void {
    if (this.#closed || this.#waiting.length + line.length > waitingCharsMax) {
      this.#dropped(1);
      return;
    }
    this.#waiting += line;
    if (this.#batch === undefined) this.#schedule();
  }

  #schedule(): void {
    if (this.#waiting.length >= batchChars) this.#writeBatch();
    else if (this.#waiting !== "") this.#timer ??= setTimeout(() => this.#writeBatch(), batchMs);
  }

  /** Writes what is waiting before it returns, unless nobody reads for a second. */
  flush(): void {
    clearTimeout(this.#timer);
    let rest = Buffer.from(this.#waiting);
    this.#waiting = "";
    const endMs = performance.now() + flushMsMax;
    while (rest.length > 0 && !this.#closed && performance.now() < endMs) {
      try {
        rest = rest.subarray(writeSync(this.#fd, rest));
      } catch (error) {
        if (!isFull(error)) this.#closed = true;
        else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
      }
    }
  }

  #writeBatch(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting === "" || this.#closed) return;
    this.#batch = Buffer.from(this.#waiting);
    this.#waiting = "";
    this.#writeRest();
  }

  #writeRest(): void {
    if (this.#batch !== undefined) write(this.#fd, this.#batch, this.#written);
  }

  readonly #written = (error: Error | null, bytes: number): void => {
    if (isFull(error)) {
      setTimeout(() => this.#writeRest(), retryMs).unref();
      return;
    }
    const rest = error === null ? this.#batch?.subarray(bytes) : undefined;
    if (rest !== undefined && rest.length > 0) {
      this.#batch = rest;
      this.#writeRest();
      return;
    }
    if (error !== null) {
      this.#dropped(linesIn(this.#batch));
      this.#closed = "code" in error && error.code === "EPIPE";
    }
    this.#batch = undefined;
    this.#schedule();
  };
}

function linesIn(bytes: Buffer | undefined): number {
  return bytes === undefined ? 0 : bytes.toString("latin1").split("\n").length - 1;
}

function isFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EAGAIN";
}
