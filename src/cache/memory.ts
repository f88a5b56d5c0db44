import { LRUCache } from "lru-cache";
import type { AnswerStore, Keeping, StoreStatistics, Tags } from "./store.ts";

/** What an entry takes beside its answer: its key, its tags, its place in the order, its time. */
const overheadBytes = 256;

/** Bounds of a store in memory. */
export interface MemoryOptions {
  /** Of all entries together; the ones that were not used for the longest time go first. */
  readonly bytesMax: number;
  /** In milliseconds, on a clock that never goes back. */
  readonly now: () => number;
  /** Called for each entry that makes room for another, with the time that it had left: none if that was up. */
  readonly evicted: (key: string, answer: Uint8Array, leftMs: number) => void;
}

interface Kept {
  readonly answer: Uint8Array;
  readonly tags: Tags;
  readonly endMs: number;
}

/** Answers in this process, gone with it. */
export class MemoryStore implements AnswerStore {
  readonly #entries: LRUCache<string, Kept>;
  readonly #now: () => number;

  constructor({ bytesMax, now, evicted }: MemoryOptions) {
    this.#now = now;
    this.#entries = new LRUCache({
      maxSize: bytesMax,
      // 0: the clock is asked each time, and no timer is set.
      ttlResolution: 0,
      perf: { now },
      dispose: ({ answer, endMs }, key, reason) => {
        if (reason === "evict") evicted(key, answer, Math.max(0, endMs - now()));
      },
    });
  }

  get statistics(): StoreStatistics {
    return { entries: this.#entries.size, bytes: this.#entries.calculatedSize };
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#entries.get(key)?.answer;
  }

  async set(key: string, answer: Uint8Array, { ttlMs, tags }: Keeping): Promise<boolean> {
    const ttl = Math.ceil(ttlMs);
    const kept = { answer, tags, endMs: this.#now() + ttl };
    this.#entries.set(key, kept, { ttl, size: answer.length + overheadBytes });
    return this.#entries.has(key);
  }

  async delete(key: string): Promise<void> {
    this.#entries.delete(key);
  }

  async clear(): Promise<void> {
    this.#entries.clear();
  }

  async drop(tags: Partial<Tags>): Promise<number> {
    const names = ["tenant", "keyId", "model"] as const;
    const before = this.#entries.size;
    this.#entries.purgeStale();
    for (const [key, kept] of [...this.#entries.entries()]) {
      if (names.every((name) => tags[name] === undefined || tags[name] === kept.tags[name])) this.#entries.delete(key);
    }
    return before - this.#entries.size;
  }

  async measure(): Promise<StoreStatistics> {
    this.#entries.purgeStale();
    return this.statistics;
  }
}
