/** What a store holds right now. */
export interface StoreStatistics {
  readonly entries: number;
  readonly bytes: number;
}

/**
 * Where answers are kept: bytes under an unguessable key, each for its own time. A driver may drop what it holds at any
 * time, and its promises may reject: nobody depends on it.
 */
export interface AnswerStore {
  /** Undefined: there is none, or its time is up. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** The bytes belong to the store from here on. An answer that is too large for the driver is not kept. */
  set(key: string, answer: Uint8Array, ttlMs: number): Promise<void>;
  delete(key: string): Promise<void>;
  /** Drops every answer. */
  clear(): Promise<void>;
  /** Undefined: the driver shares its room with others and does not count. */
  readonly statistics: StoreStatistics | undefined;
}
