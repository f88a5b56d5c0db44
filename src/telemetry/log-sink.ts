import { write, writeSync } from "node:fs";

/** Bytes that may wait while nobody reads; lines beyond are dropped, so that serving goes on. */
const waitingMax = 4 * 1024 * 1024;
/** Lines are collected until the next would not fit into this many bytes, which a pipe takes at once, or for this long. */
const batchBytes = 64 * 1024;
const batchMs = 100;
/** Pauses before a full pipe is tried again: the first, and twice the one before, up to the longest. */
const retryMsMin = 5;
const retryMsMax = 100;
/** How long the end of the process waits for a reader that does not read. */
const flushMsMax = 1000;

const empty = Buffer.alloc(0);

/**
 * Writes lines to a file descriptor in the background, in order. Neither a reader that stopped, nor a closed pipe, nor a
 * full disk ever blocks, throws or ends the process: lines are lost instead, and each loss is reported. What a process that
 * is killed has told of within the last tenth of a second is lost with it.
 */
export class LogSink {
  readonly #fd: number;
  readonly #dropped: (lines: number) => void;
  /** Collects lines; those up to `#filled` are there. */
  #filling = empty;
  #filled = 0;
  /** Batches behind the one that is being written. */
  readonly #full: Buffer[] = [];
  #fullBytes = 0;
  readonly #bytesMax: number;
  /** What is being written now. */
  #batch: Buffer | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Set while the batch waits for a full pipe. */
  #retry: NodeJS.Timeout | undefined;
  #retryMs = retryMsMin;
  #closed = false;

  /**
   * @param dropped told of lines that are lost, a line of which a part was written included.
   * @param bytesMax written at once, but for a line that is longer: so that lines of several processes do not mix.
   */
  constructor(fd: number, dropped: (lines: number) => void, bytesMax = Number.POSITIVE_INFINITY) {
    this.#fd = fd;
    this.#dropped = dropped;
    this.#bytesMax = bytesMax;
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    this.writeBytes(bytes, bytes.length);
  }

  /** Writes the line that these bytes begin with; they are copied. */
  writeBytes(bytes: Buffer, length: number): void {
    if (this.#closed || this.#fullBytes + this.#filled + length > waitingMax) {
      this.#dropped(1);
      return;
    }
    if (this.#filled + length > this.#filling.length) this.#makeRoom(length);
    bytes.copy(this.#filling, this.#filled, 0, length);
    this.#filled += length;
    if (this.#batch === undefined) this.#timer ??= setTimeout(this.#writeNext, batchMs);
  }

  /** Writes what is waiting before it returns, unless nobody reads for a second. */
  flush(): void {
    this.#setAside();
    // A batch that the system is writing is not written twice.
    if (this.#retry !== undefined && this.#batch !== undefined) this.#full.unshift(this.#batch);
    if (this.#retry !== undefined) this.#batch = undefined;
    this.#stopTimers();
    let rest = Buffer.concat(this.#full.splice(0));
    this.#fullBytes = 0;
    const endMs = performance.now() + flushMsMax;
    while (rest.length > 0 && !this.#closed && performance.now() < endMs) {
      try {
        rest = rest.subarray(writeSync(this.#fd, rest, 0, this.#pieceOf(rest)));
      } catch (error) {
        if (!isFull(error)) this.#closed = true;
        else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
      }
    }
  }

  #makeRoom(length: number): void {
    this.#setAside();
    if (this.#batch === undefined) this.#writeNext();
    this.#filling = Buffer.allocUnsafeSlow(Math.max(batchBytes, length));
  }

  /** Puts what was collected behind the other batches. */
  #setAside(): void {
    if (this.#filled === 0) return;
    this.#full.push(this.#filling.subarray(0, this.#filled));
    this.#fullBytes += this.#filled;
    this.#filling = empty;
    this.#filled = 0;
  }

  /** Nobody will ever read what waits. */
  #close(): void {
    this.#closed = true;
    this.#setAside();
    for (const batch of this.#full.splice(0)) this.#dropped(linesIn(batch));
    this.#fullBytes = 0;
  }

  readonly #writeNext = (): void => {
    this.#stopTimers();
    if (this.#closed) return;
    if (this.#full.length === 0) this.#setAside();
    this.#batch = this.#full.shift();
    this.#fullBytes -= this.#batch?.length ?? 0;
    this.#writeRest();
  };

  #stopTimers(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#retry);
    this.#timer = undefined;
    this.#retry = undefined;
  }

  readonly #writeRest = (): void => {
    this.#retry = undefined;
    const batch = this.#batch;
    if (batch === undefined) return;
    const length = this.#pieceOf(batch);
    if (length < batch.length) {
      this.#full.unshift(batch.subarray(length));
      this.#fullBytes += batch.length - length;
      this.#batch = batch.subarray(0, length);
    }
    write(this.#fd, batch, 0, length, this.#written);
  };

  /** Bytes of the whole lines that may be written at once. */
  #pieceOf(batch: Buffer): number {
    if (batch.length <= this.#bytesMax) return batch.length;
    const end = batch.lastIndexOf("\n", this.#bytesMax - 1);
    return (end === -1 ? batch.indexOf("\n") : end) + 1 || batch.length;
  }

  readonly #written = (error: Error | null, bytes: number): void => {
    if (isFull(error)) {
      this.#retry = setTimeout(this.#writeRest, this.#retryMs).unref();
      this.#retryMs = Math.min(retryMsMax, 2 * this.#retryMs);
      return;
    }
    this.#retryMs = retryMsMin;
    const rest = error === null ? this.#batch?.subarray(bytes) : undefined;
    if (rest !== undefined && rest.length > 0) {
      this.#batch = rest;
      this.#writeRest();
      return;
    }
    if (error !== null) {
      this.#dropped(linesIn(this.#batch));
      if ("code" in error && error.code === "EPIPE") this.#close();
    }
    this.#batch = undefined;
    if (this.#full.length > 0) this.#writeNext();
    else if (this.#filled > 0) this.#timer ??= setTimeout(this.#writeNext, batchMs);
  };
}

function linesIn(bytes: Buffer | undefined): number {
  return bytes === undefined ? 0 : bytes.toString("latin1").split("\n").length - 1;
}

function isFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EAGAIN";
}
