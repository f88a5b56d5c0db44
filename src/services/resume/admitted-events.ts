import { GatewayError } from "../../model/error.ts";
import type { Batch, EventStream } from "../event-stream.ts";

type Result = IteratorResult<Batch>;

/** What a reader whose admission takes a moment begins with. */
export interface AdmittedParts {
  readonly after: number;
  /** Rejects with what forbids the reading. */
  readonly admitted: Promise<unknown>;
  /** Begins to read. May throw. */
  readonly begin: () => EventStream;
  /** Called with what forbids the reading, or with what its beginning threw. */
  readonly refused: (error: unknown) => void;
  /** Called with that error if the reader has left before anything was begun. */
  readonly unbegun: (error: GatewayError) => void;
}

/** A stream that is read on only when its reader is admitted. */
export class AdmittedEvents implements EventStream {
  readonly after: number;
  readonly keeps = false;
  readonly #beginning: Promise<EventStream>;
  #events: EventStream | undefined;
  #hasLeft = false;

  constructor(parts: AdmittedParts) {
    this.after = parts.after;
    this.#beginning = this.#begin(parts);
    // Who leaves at once hears of nothing.
    this.#beginning.catch(() => undefined);
  }

  next(): Promise<Result> {
    return this.#events === undefined ? this.#beginning.then((events) => events.next()) : this.#events.next();
  }

  async return(): Promise<Result> {
    this.#hasLeft = true;
    await this.#events?.return();
    return { done: true, value: undefined };
  }

  encode(batch: Batch): Buffer {
    if (this.#events === undefined) throw new GatewayError("INTERNAL", "a batch of a stream that has not begun");
    return this.#events.encode(batch);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #begin({ admitted, begin, refused, unbegun }: AdmittedParts): Promise<EventStream> {
    try {
      await admitted;
      if (!this.#hasLeft) {
        const events = begin();
        this.#events = events;
        return events;
      }
    } catch (error) {
      refused(error);
      throw error;
    }
    const left = new GatewayError("CANCELLED", "the reader has left");
    unbegun(left);
    throw left;
  }
}
