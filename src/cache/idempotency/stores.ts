import type { RedisLink } from "../../storage/redis.ts";
import { type MemoryOptions, MemoryStore } from "../memory.ts";
import { fenced } from "../redis.ts";
import { redisLock } from "../redis-lock.ts";
import type { AnswerStore, Keeping } from "../store.ts";
import type { ReplicaLock } from "../turns.ts";
import { withoutAnswer } from "./record-head.ts";

/** Where records of keys are kept; promises may reject. */
export type RecordStore = Pick<AnswerStore, "get" | "set">;

/** Keys that are known to several processes. */
export interface SharedKeys {
  readonly records: RecordStore;
  /** Who carries out the call of a key; records are written by its holder only. */
  readonly lock: ReplicaLock;
}

/** Keys in Redis, for all replicas. */
export function redisKeys(link: RedisLink): SharedKeys {
  return { records: new RedisRecords(link), lock: redisLock(link, keyLockAt) };
}

/** Part of the room for keys whose answers had to go. */
const stubPart = 1 / 8;

/**
 * Records in this process. When the room is used up the answers go that were not used for the longest time, but their keys are still known, as far as an
 * eighth of the room more goes: they are refused then rather than carried out again.
 */
export class MemoryRecords implements RecordStore {
  readonly #records: MemoryStore;
  readonly #stubs: MemoryStore;

  /** @param evicted called for each answer that makes room for another before its time. */
  constructor({ bytesMax, now, evicted }: Omit<MemoryOptions, "evicted"> & { readonly evicted: () => void }) {
    this.#stubs = new MemoryStore({ bytesMax: Math.ceil(bytesMax * stubPart), now, evicted: () => undefined });
    const outlived = (name: string, record: Uint8Array, leftMs: number) => {
      if (leftMs === 0) return;
      evicted();
      void this.#stubs.set(name, withoutAnswer(record), { ttlMs: leftMs, tags });
    };
    this.#records = new MemoryStore({ bytesMax, now, evicted: outlived });
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    return (await this.#records.get(name)) ?? this.#stubs.get(name);
  }

  set(name: string, record: Uint8Array, keeping: Keeping): Promise<boolean> {
    return this.#records.set(name, record, keeping);
  }
}

/** Records have none. */
export const tags = { tenant: "", keyId: "", model: "" };

/** Written by who holds the lock on the key only. */
class RedisRecords implements RecordStore {
  readonly #link: RedisLink;

  constructor(link: RedisLink) {
    this.#link = link;
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    const record = await this.#link.callBuffer("get", recordAt(name));
    return Buffer.isBuffer(record) ? record : undefined;
  }

  async set(name: string, record: Uint8Array, { ttlMs, fence = "" }: Keeping): Promise<boolean> {
    const keys = [recordAt(name), keyLockAt(name)];
    return (await this.#link.script(fenced, keys, [Buffer.from(record), Math.ceil(ttlMs), fence])) === 1;
  }
}

// The braces keep what belongs to a key together in a cluster.
function recordAt(name: string): string {
  return `idempotency:{${name}}`;
}

function keyLockAt(name: string): string {
  return `idempotency:{${name}}:lock`;
}
