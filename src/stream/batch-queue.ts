/**
 * A bounded hand-over from a pushing source to one pulling reader. What arrives in one turn of the event loop is taken
 * as one batch, so a burst costs one promise, not one per item. Hot path: no closure and no allocation per item.
 */
export class BatchQueue<T> implements AsyncIterableIterator<readonly T[]> {
  #items: T[] = [];
  #ended = false;
  #error: unknown;
  #waiting: ((result: IteratorResult<readonly T[]>) => void) | undefined;
  #refuse: ((error: unknown) => void) | undefined;
  #scheduled = false;
  readonly #taken: () => void;
  readonly #left: () => void;

  /**
   * @param taken called after each batch that the reader takes: the place to let a paused source go on.
   * @param left called once if the reader gives up before the end.
   */
  constructor(taken: () => void, left: () => void) {
    this.#taken = taken;
    this.#left = left;
  }

  /** The list to append to; call `wake` when something was added. */
  get items(): T[] {
    return this.#items;
  }

  /** The reader waits, and has been told in this turn. */
  get isWoken(): boolean {
    return this.#scheduled;
  }

  /** Tells the reader that there is something to take, at the end of this turn. */
  wake(): void {
    if (this.#waiting === undefined || this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(flush, this);
  }

  /** Nothing more will come. The reader gets what is left first. */
  end(): void {
    this.#ended = true;
    this.wake();
  }

  /** The reader gets what is left, then the error. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#error = error;
    this.end();
  }

  next(): Promise<IteratorResult<readonly T[]>> {
    if (this.#items.length > 0) return Promise.resolve({ done: false, value: this.#take() });
    if (this.#error !== undefined) {
      const error = this.#error;
      this.#error = undefined;
      return Promise.reject(error);
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#waiting = resolve;
      this.#refuse = reject;
    });
  }

  return(): Promise<IteratorResult<readonly T[]>> {
    if (!this.#ended) {
      this.#ended = true;
      this.#items = [];
      this.flush();
      this.#left();
    }
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): readonly T[] {
    const batch = this.#items;
    this.#items = [];
    this.#taken();
    return batch;
  }

  /** Settles the promise that the reader waits on. */
  flush(): void {
    this.#scheduled = false;
    const resolve = this.#waiting;
    const reject = this.#refuse;
    if (resolve === undefined || reject === undefined) return;
    if (this.#items.length === 0 && !this.#ended) return;
    this.#waiting = undefined;
    this.#refuse = undefined;
    if (this.#items.length > 0) {
      resolve({ done: false, value: this.#take() });
    } else if (this.#error !== undefined) {
      reject(this.#error);
      this.#error = undefined;
    } else {
      resolve({ done: true, value: undefined });
    }
  }
}

function flush(queue: BatchQueue<unknown>): void {
  queue.flush();
}
