import { LRUCache } from "lru-cache";
import type { AnswerStore, StoreStatistics } from "./store.ts";

/** What an entry takes beside its answer: its key, its place in the order, its time. */
const overheadBytes = 256;

/** Bounds of a store in memory. */
export interface MemoryOptions {
  /** Of all entries together; the ones that were not used for the longest time go first. */
  readonly bytesMax: number;
  /** In milliseconds, on a clock that never goes back. */
  readonly now: () => number;
  /** Called for each entry that makes room for another. */
  readonly evicted: () => void;
}

/** Answers in this process, gone with it. */
export class MemoryStore implements AnswerStore {
  readonly #entries: LRUCache<string, Uint8Array>;

  constructor({ bytesMax, now, evicted }: MemoryOptions) {
    this.#entries = new LRUCache({
      maxSize: bytesMax,
      // 0: the clock is asked each time, and no timer is set.
      ttlResolution: 0,
      perf: { now },
      dispose: (_answer, _key, reason) => {
        if (reason === "evict") evicted();
      },
    });
  }

  get statistics(): StoreStatistics {
    return { entries: this.#entries.size, bytes: this.#entries.calculatedSize };
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#entries.get(key);
  }

  async set(key: string, answer: Uint8Array, ttlMs: number): Promise<void> {
    this.#entries.set(key, answer, { ttl: Math.ceil(ttlMs), size: answer.length + overheadBytes });
  }

  async delete(key: string): Promise<void> {
    this.#entries.delete(key);
  }

  async clear(): Promise<void> {
    this.#entries.clear();
  }
}
