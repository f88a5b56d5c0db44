/** The promise, or a rejection with the signal's reason if that comes first. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/**
 * A stream that fails at once when the signal aborts, even while its source is silent. Costs one promise per item, and
 * nothing piles up on the signal.
 */
export class BoundedStream<T> implements AsyncIterableIterator<T> {
  readonly #source: AsyncIterator<T>;
  readonly #signal: AbortSignal;
  readonly #done: () => void;
  readonly #failed: (error: unknown) => Error;
  #reject: ((error: unknown) => void) | undefined;
  readonly #abort = (): void => {
    this.#reject?.(this.#failed(this.#signal.reason));
    this.#leave();
  };

  /**
   * @param done called when the source has ended well and in time.
   * @param failed turns whatever the source throws into what the reader gets.
   */
  constructor(source: AsyncIterable<T>, signal: AbortSignal, done: () => void, failed: (error: unknown) => Error) {
    this.#source = source[Symbol.asyncIterator]();
    this.#signal = signal;
    this.#done = done;
    this.#failed = failed;
    signal.addEventListener("abort", this.#abort, { once: true });
  }

  next(): Promise<IteratorResult<T>> {
    return new Promise((resolve, reject) => {
      if (this.#signal.aborted) {
        reject(this.#failed(this.#signal.reason));
        return;
      }
      this.#reject = reject;
      this.#source.next().then(
        (result) => {
          if (result.done === true) this.#end();
          resolve(result);
        },
        (error: unknown) => {
          this.#unlisten();
          reject(this.#failed(error));
        },
      );
    });
  }

  return(): Promise<IteratorResult<T>> {
    this.#unlisten();
    this.#leave();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #end(): void {
    if (this.#signal.aborted) return;
    this.#unlisten();
    this.#done();
  }

  #unlisten(): void {
    this.#signal.removeEventListener("abort", this.#abort);
  }

  /** A generator that is busy ends after its present step; nobody waits for that. */
  #leave(): void {
    this.#source.return?.().catch(() => undefined);
  }
}
