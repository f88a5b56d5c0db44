import type { StreamStarted } from "../../gen/llmhub/v1/completion_pb.ts";
import { CacheStatus } from "../../gen/llmhub/v1/routing_pb.ts";
import type { Chunk } from "../model/chunk.ts";
import { toldFacts } from "./told-facts.ts";

/** Makes text of events out of batches of chunks. */
export interface EventWriter {
  /** What the first event said of the answer; undefined until then. */
  readonly begun: StreamStarted | undefined;
  /** The events of a batch; empty if it says nothing that the API has words for. */
  write(batch: readonly Chunk[]): string;
  /** What follows the last batch of an answer that is complete. Absent: nothing. */
  end?(): string;
}

type Source = AsyncIterableIterator<readonly Chunk[]>;

/** The events of one call. Costs one promise per batch. */
export class WrittenEvents implements AsyncIterableIterator<string> {
  readonly #source: Source;
  readonly #writer: EventWriter;
  #isOver = false;

  constructor(source: Source, writer: EventWriter) {
    this.#source = source;
    this.#writer = writer;
  }

  async next(): Promise<IteratorResult<string>> {
    try {
      while (!this.#isOver) {
        const { done, value } = await this.#source.next();
        if (done === true) await this.return();
        const text = done === true ? this.#writer.end?.() : this.#writer.write(value);
        if (text !== undefined && text !== "") return { done: false, value: text };
      }
    } catch (error) {
      // A failure here or there: a source does not know that nobody reads on.
      await this.return();
      throw error;
    }
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<string>> {
    this.#isOver = true;
    await this.#source.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** What is known of an answer when its stream begins: neither tokens nor cost, and after a silence not who answers. */
export function begunFacts(begun: StreamStarted | undefined): Record<string, string> {
  if (begun === undefined) return {};
  const { id, routing, warnings } = begun;
  const isServed = (routing?.attemptCount ?? 0) > 0 || routing?.cacheStatus === CacheStatus.HIT;
  return toldFacts({ id, routing: isServed ? routing : undefined, warnings });
}
