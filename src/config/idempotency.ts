/** How long and where it is known what came of calls with an idempotency key. */
export interface IdempotencyConfig {
  readonly keepMs: number;
  /** For a repeat whose first call still runs. */
  readonly waitMs: number;
  /** For all replicas; redis is set. */
  readonly shared: boolean;
  /** Memory of all answers, unless they are shared. */
  readonly bytesMax: number;
  /** Of one answer. */
  readonly entryBytesMax: number;
}
