import type { Keeping } from "../store.ts";
import { leaseMs, openMs, type ReplicaLock } from "../turns.ts";
import type { MemoryRecords, RecordStore } from "./stores.ts";

interface Lock {
  /** Undefined: everybody may pass for a moment. */
  readonly token: string | undefined;
  readonly endMs: number;
}

/** Locks that are remembered: one for each call with a key that is under way. */
const locksMax = 100_000;

/** Keys and who carries out which, in the process that knows for all workers; like Redis does for replicas. */
export class KeyRegister implements RecordStore, ReplicaLock {
  #records: MemoryRecords;
  readonly #now: () => number;
  readonly #locks = new Map<string, Lock>();

  /** @param now milliseconds of a clock that never goes back. */
  constructor(records: MemoryRecords, now: () => number) {
    this.#records = records;
    this.#now = now;
  }

  /** Keeps records there from now on. Those before are forgotten; whoever carries out a call still does. */
  keepIn(records: MemoryRecords): void {
    this.#records = records;
  }

  get(name: string): Promise<Uint8Array | undefined> {
    return this.#records.get(name);
  }

  /** False: the turn has passed to another, or nobody has it and one has written meanwhile. */
  async set(name: string, record: Uint8Array, keeping: Keeping): Promise<boolean> {
    const holder = this.#holder(name)?.token;
    const isFenced = holder !== keeping.fence && (holder !== undefined || (await this.get(name)) !== undefined);
    return !isFenced && this.#records.set(name, record, keeping);
  }

  async take(name: string, token: string): Promise<"mine" | "taken" | "open"> {
    const lock = this.#holder(name);
    if (lock !== undefined) return lock.token === undefined ? "open" : "taken";
    // Fails closed: a lock that is forgotten would let a call be carried out twice.
    if (this.#locks.size >= locksMax) this.#sweep();
    if (this.#locks.size >= locksMax) throw new Error("too many keys are in use");
    this.#locks.set(name, { token, endMs: this.#now() + leaseMs });
    return "mine";
  }

  async extend(name: string, token: string): Promise<boolean> {
    const isMine = this.#holder(name)?.token === token;
    if (isMine) this.#locks.set(name, { token, endMs: this.#now() + leaseMs });
    return isMine;
  }

  async leave(name: string, token: string, isOpen: boolean): Promise<void> {
    if (this.#holder(name)?.token !== token) return;
    if (isOpen) this.#locks.set(name, { token: undefined, endMs: this.#now() + openMs });
    else this.#locks.delete(name);
  }

  #holder(name: string): Lock | undefined {
    const lock = this.#locks.get(name);
    if (lock === undefined || lock.endMs > this.#now()) return lock;
    this.#locks.delete(name);
    return undefined;
  }

  #sweep(): void {
    for (const name of this.#locks.keys()) this.#holder(name);
  }
}
