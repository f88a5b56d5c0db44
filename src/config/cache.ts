/** Answers that are kept. */
export interface CacheConfig {
  readonly enabled: boolean;
  /** "redis" goes with a section redis. */
  readonly driver: "memory" | "redis";
  /** Who finds an answer: calls with the same API key, or everybody. */
  readonly scope: "key" | "shared";
  /** How long one is as good as new unless the request says so. */
  readonly ttlMs: number;
  /** How long after that it is still given while it is asked for anew; 0: not at all. */
  readonly staleMs: number;
  /** Longest wait for another replica that asks the same; 0, also with memory: each asks. */
  readonly replicaWaitMs: number;
  /** Of all answers in memory together. */
  readonly bytesMax: number;
  /** Of one answer. */
  readonly entryBytesMax: number;
}
