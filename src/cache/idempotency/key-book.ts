import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { GatewayError } from "../../model/error.ts";
import type { Answer } from "../entry.ts";
import { Flight } from "../flight.ts";
import { Turns } from "../turns.ts";
import { decodeRecord } from "./record.ts";
import { MemoryRecords, type RecordStore, type SharedKeys, tags } from "./stores.ts";

/** What an operator decides about keys. */
export interface IdempotencySettings {
  /** How long it is known what came of a key. */
  readonly keepMs: number;
  /** How long a repeat waits for the call that still runs. */
  readonly waitMs: number;
  /** For all replicas, in Redis. */
  readonly shared: boolean;
  /** In memory, of all records together. */
  readonly bytesMax: number;
  /** Of one answer; a larger one is not kept, and its key is refused. */
  readonly entryBytesMax: number;
}

/** What the book works with. */
export interface KeyBookParts {
  readonly now: () => number;
  /** Told of each answer in memory that went before its time. */
  readonly evicted: () => void;
}

/** How a call ended that others with its key wait for. */
export type KeyLanding =
  | { readonly case: "kept"; readonly record: Uint8Array }
  /** Nothing is kept of it, and a repeat may have better luck: those who wait meet the same. */
  | { readonly case: "failed"; readonly error: GatewayError }
  /** Its caller had enough of it. */
  | { readonly case: "left" };

/** A call that is being carried out under a key. */
export class KeyFlight extends Flight<KeyLanding> {
  readonly digest: Uint8Array;

  constructor(digest: Uint8Array) {
    super();
    this.digest = digest;
  }
}

/** Keys, the calls under way with them, and what came of those. Fails closed: who sends a key relies on it. */
export class KeyBook {
  readonly #parts: KeyBookParts;
  readonly #flights = new Map<string, KeyFlight>();
  #settings: IdempotencySettings = { keepMs: 0, waitMs: 0, shared: false, bytesMax: 0, entryBytesMax: 0 };
  #memory: MemoryRecords | undefined;
  #records: RecordStore | undefined;
  #turns: Turns | undefined;

  constructor(parts: KeyBookParts) {
    this.#parts = parts;
  }

  get settings(): IdempotencySettings {
    return this.#settings;
  }

  /**
   * Takes settings into use. What is kept in memory stays, unless the room for it changes.
   * @param shared where keys are known to other processes, too; undefined: nowhere.
   */
  configure(settings: IdempotencySettings, shared: SharedKeys | undefined): void {
    const { bytesMax, waitMs } = settings;
    if (bytesMax !== this.#settings.bytesMax) this.#memory = new MemoryRecords({ bytesMax, ...this.#parts });
    this.#settings = settings;
    this.#records = shared?.records ?? this.#memory;
    const failed = () => {
      throw unknowable();
    };
    this.#turns = shared && new Turns({ lock: shared.lock, waitMs, failed });
  }

  /** The call that is under way with a key, in this process. */
  flight(name: string): KeyFlight | undefined {
    return this.#flights.get(name);
  }

  /** From here on, until it has landed, others with this key wait. */
  begin(name: string, digest: Uint8Array): KeyFlight {
    const flight = new KeyFlight(digest);
    this.#flights.set(name, flight);
    return flight;
  }

  /** Tells those who wait for it. The first word counts. */
  land(name: string, flight: KeyFlight, landing: KeyLanding): void {
    if (this.#flights.get(name) === flight) this.#flights.delete(name);
    flight.land(landing);
    flight.lease?.end(false);
  }

  /** What is kept of a key; rejects where that cannot be known. */
  async find(name: string): Promise<Uint8Array | undefined> {
    const own = await this.#memory?.get(name);
    try {
      return (await this.#records?.get(name)) ?? own;
    } catch {
      if (own === undefined) throw unknowable();
      return own;
    }
  }

  /**
   * What is kept of a key, or undefined: then the call of this flight is the one to carry out, among all replicas. Rejects
   * with IDEMPOTENCY_KEY_IN_USE after too long a wait for another, and where nothing can be known.
   */
  async claim(name: string, flight: KeyFlight, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const found = await this.find(name);
    if (found !== undefined || this.#turns === undefined) return found;
    const turn = await this.#turns.wait(name, signal, () => this.find(name));
    if (turn === undefined) throw keyInUse();
    if (turn instanceof Uint8Array) return turn;
    flight.lease = turn;
    return undefined;
  }

  /** Keeps a record. False: not as it should be, but in this process alone, or not at all because another has the key. */
  async keep(name: string, record: Uint8Array, { lease }: KeyFlight): Promise<boolean> {
    const keeping = { ttlMs: this.#settings.keepMs, tags, ...(lease && { fence: lease.token }) };
    try {
      return (await this.#records?.set(name, record, keeping)) ?? false;
    } catch {
      await this.#memory?.set(name, record, keeping);
      return false;
    }
  }
}

/** What a record says; rejects one of another version rather than carry a call out again. */
export function readRecord<A extends Answer>(schema: GenMessage<A>, record: Uint8Array) {
  try {
    return decodeRecord(schema, record);
  } catch (cause) {
    throw unknowable(cause);
  }
}

/** The call that a key was first used with is still under way. */
export function keyInUse(): GatewayError {
  return new GatewayError(
    "IDEMPOTENCY_KEY_IN_USE",
    "the first call with this idempotency key is still running - repeat this one later",
  );
}

function unknowable(cause?: unknown): GatewayError {
  const message =
    "what became of this idempotency key cannot be known now, so nothing was done - repeat the call, or send it without the key";
  return new GatewayError("GATEWAY_DEPENDENCY_UNAVAILABLE", message, { metadata: { component: "idempotency" }, cause });
}
