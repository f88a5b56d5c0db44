import type { Chunk } from "../model/chunk.ts";
import { EventEncoder } from "./event-encoder.ts";

/** Events that came together: one write. */
export type Batch = readonly Chunk[];

/** The events of a stream on their way to one caller, in batches. Read by one transport, once. */
export interface EventStream extends AsyncIterableIterator<Batch> {
  /** Sequence number of the event before the first. */
  readonly after: number;
  /** What `encode` writes is kept: it has to be called for each batch, also by who sends the batch in another form. */
  readonly keeps: boolean;
  /** The batch that came last as numbered gRPC messages with their envelopes. Once per batch. */
  encode(batch: Batch): Buffer;
  return(): Promise<IteratorResult<Batch>>;
}

/** Events of which nothing is kept. */
export class PassingEvents implements EventStream {
  readonly after = 0;
  readonly keeps = false;
  readonly #source: AsyncIterableIterator<Batch>;
  readonly #encoder = new EventEncoder();

  constructor(source: AsyncIterableIterator<Batch>) {
    this.#source = source;
  }

  next(): Promise<IteratorResult<Batch>> {
    return this.#source.next();
  }

  async return(): Promise<IteratorResult<Batch>> {
    await this.#source.return?.();
    return { done: true, value: undefined };
  }

  encode(batch: Batch): Buffer {
    return this.#encoder.encode(batch);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
