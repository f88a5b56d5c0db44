/** What a store holds right now. */
export interface StoreStatistics {
  readonly entries: number;
  readonly bytes: number;
}

/** Whose an answer is, by which operators name what is to go. Empty where there is none. */
export interface Tags {
  readonly tenant: string;
  /** Id of the API key that it was made for. */
  readonly keyId: string;
  /** Selector of the target that gave it. */
  readonly model: string;
}

/** What is told of an answer to be kept. */
export interface Keeping {
  readonly ttlMs: number;
  readonly tags: Tags;
  /** Token of the turn in which the answer was asked for: if that has passed to another replica, what that says counts. */
  readonly fence?: string;
}

/**
 * Where answers are kept: bytes under an unguessable key, each for its own time. A driver may drop what it holds at any
 * time, and its promises may reject: nobody depends on it.
 */
export interface AnswerStore {
  /** Undefined: there is none, or its time is up. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** The bytes belong to the store from here on. False: they are too large for the driver, or fenced off. */
  set(key: string, answer: Uint8Array, keeping: Keeping): Promise<boolean>;
  delete(key: string): Promise<void>;
  /** Makes every answer count for nothing, at once. */
  clear(): Promise<void>;
  /** Drops the answers that have all of these tags, and those that count for nothing; tells how many it dropped. */
  drop(tags: Partial<Tags>, signal: AbortSignal): Promise<number>;
  /** Counts what it holds: at once in memory, by looking at everything elsewhere. */
  measure(signal: AbortSignal): Promise<StoreStatistics>;
  /** The same where it costs nothing; undefined where it does. */
  readonly statistics: StoreStatistics | undefined;
  /** Another once others have made all answers count for nothing, and this is known here. Absent: nobody shares it. */
  readonly era?: string;
}
