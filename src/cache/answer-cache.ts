import { randomBytes } from "node:crypto";
import type { Asked, Caller } from "../model/call.ts";
import { GatewayError } from "../model/error.ts";
import type { Served } from "../model/reply.ts";
import type { AnswerKind } from "./answer.ts";
import { type Answer, decodeEntry, type Entry, encodeEntry } from "./entry.ts";
import { Flight, type Landing } from "./flight.ts";
import { answerKey } from "./key.ts";
import type { AnswerStore, StoreStatistics, Tags } from "./store.ts";
import type { Tally } from "./tally.ts";
import type { Lease, Turns } from "./turns.ts";

/** How answers are kept. */
export interface CacheSettings {
  /** Who finds an answer: calls with the API key that it was made for, or all of its tenant. */
  readonly scope: "key" | "shared";
  /** How long an entry is as good as new unless the request says so. */
  readonly ttlMs: number;
  /** How long after that it is still given, while it is renewed. */
  readonly staleMs: number;
  /** Of one answer; larger ones are not kept. */
  readonly entryBytesMax: number;
}

/** What a cache works with. */
export interface CacheParts {
  readonly store: AnswerStore;
  /** Name of the store's driver. */
  readonly driver: string;
  readonly settings: CacheSettings;
  /** Tells configurations apart that may answer differently. */
  readonly generation: string;
  /** What names are made with. May reject; then nothing is found and nothing is kept. */
  readonly secret: () => Promise<Uint8Array>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Told after each change; undefined where the store does not count. */
  readonly changed: (statistics: StoreStatistics | undefined) => void;
  /** Told of each operation of the store that failed. */
  readonly failed: () => void;
  readonly counts: Counts;
  /** Turns among replicas; absent: each asks for itself. */
  readonly turns?: Turns | undefined;
}

/** What is counted of a cache, and by whom. */
export interface Counts {
  /** Of this process. */
  readonly own: () => Tally;
  /** Of all who share the store; may reject. */
  readonly all: () => Promise<Tally>;
  /** Undefined: the driver does not tell. */
  readonly evictions: () => number | undefined;
  /** Ends the counting. */
  readonly close: () => Promise<void>;
}

/** What there is to tell of a cache; undefined for what cannot be counted. */
export interface CacheReading extends Tally {
  readonly driver: string;
  readonly entries: number | undefined;
  readonly bytes: number | undefined;
  readonly evictions: number | undefined;
}

/** How far the clocks of replicas may be apart. */
const clockLeewayMs = 60_000;

/** Where a call leads, as far as the cache needs to know. */
export interface Place {
  readonly caller: Caller;
  readonly policy: string;
  /** Selectors of all targets that may answer. */
  readonly selectors: readonly string[];
}

/**
 * Answers and the calls that are on their way to one. Fails open: what goes wrong in the store is told, and the call goes on
 * without.
 */
export class AnswerCache {
  readonly settings: CacheSettings;
  readonly now: () => number;
  readonly #parts: CacheParts;
  readonly #flights = new Map<string, Flight>();
  /** In place of a secret that cannot be had: calls still find each other in this process. */
  readonly #ownSecret = randomBytes(32);
  #drops = 0;

  constructor(parts: CacheParts) {
    this.#parts = parts;
    this.settings = parts.settings;
    this.now = parts.now;
  }

  /** Turns among replicas; undefined: each asks for itself. */
  get turns(): Turns | undefined {
    return this.#parts.turns;
  }

  /** The same for configurations that answer alike. */
  get generation(): string {
    return this.#parts.generation;
  }

  /** Another each time answers are dropped, here or, if it is all, at another replica: what was asked before is not kept after. */
  get epoch(): string {
    return `${this.#drops} ${this.#parts.store.era ?? ""}`;
  }

  /** The name of the answer to a request. */
  async keyOf(request: Asked, { caller, policy, selectors }: Place): Promise<string> {
    const secret = (await this.#attempt(this.#parts.secret)) ?? this.#ownSecret;
    const scope = this.settings.scope === "key" ? caller.keyId : "";
    const affinity = selectors.length > 1 ? (request.routing?.affinityKey ?? "") : "";
    const { generation } = this.#parts;
    return answerKey(secret, { tenant: caller.tenantId, scope, generation, policy, selectors, affinity, request });
  }

  /** The call that others with this key wait for. */
  flight(key: string): Flight | undefined {
    return this.#flights.get(key);
  }

  /** From here on, until it has landed, others with this key wait. */
  begin(key: string): Flight {
    const flight = new Flight();
    this.#flights.set(key, flight);
    return flight;
  }

  /** Tells those who wait for it, at other replicas, too; from here on others with this key no longer do. */
  land(key: string, flight: Flight, landing: Landing): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
    flight.land(landing);
    flight.lease?.end(landing.case === "unshared" || landing.case === "refused");
  }

  /** What is kept under the key. */
  async find<A extends Answer>(
    { schema }: Pick<AnswerKind<Served, A>, "schema">,
    key: string,
  ): Promise<Entry<A> | undefined> {
    const bytes = await this.#attempt(() => this.#parts.store.get(key));
    if (bytes === undefined) return undefined;
    const entry = decodeEntry(schema, bytes);
    // Bytes that are no answer only take room.
    if (entry === undefined) await this.#attempt(() => this.#parts.store.delete(key));
    return entry === undefined || this.#isOver(entry) ? undefined : entry;
  }

  /** Whether a configuration that gave what is stale for longer has left it in the store. */
  #isOver({ madeMs, ttlMs }: Entry): boolean {
    return this.now() - madeMs > ttlMs + this.settings.staleMs + clockLeewayMs;
  }

  /** Whether an entry has had its time. Without a time beyond that the store drops it, and what it gives is as good as new. */
  isStale({ madeMs, ttlMs }: Entry): boolean {
    return this.settings.staleMs > 0 && this.now() - madeMs > ttlMs;
  }

  /** Keeps an answer to that caller. False: it is too large, or not the last word any more, or that cannot be said. */
  async keep<A extends Answer>(
    kind: Pick<AnswerKind<Served, A>, "schema" | "bytesMin">,
    key: string,
    entry: Entry<A>,
    { caller, lease }: { readonly caller: Caller; readonly lease: Lease | undefined },
  ): Promise<boolean> {
    const { entryBytesMax, staleMs } = this.settings;
    const ttlMs = entry.ttlMs + staleMs;
    const isKept = await this.#attempt(async () => {
      if (kind.bytesMin(entry.answer) > entryBytesMax) return false;
      const bytes = encodeEntry(kind.schema, entry);
      if (bytes.length > entryBytesMax) return false;
      const tags = { tenant: caller.tenantId, keyId: caller.keyId, model: entry.answer.routing?.model ?? "" };
      return this.#parts.store.set(key, bytes, { ttlMs, tags, ...(lease && { fence: lease.token }) });
    });
    this.#parts.changed(this.#parts.store.statistics);
    return isKept ?? false;
  }

  /** Makes all answers count for nothing. */
  async clear(): Promise<void> {
    await this.#attempt(() => this.#parts.store.clear());
    this.#parts.changed(this.#parts.store.statistics);
  }

  /**
   * Drops the answers with all of these tags, and tells how many; what is on its way is not kept. Rejects where that is not
   * certain.
   */
  async flush(tags: Partial<Tags>, signal: AbortSignal): Promise<number> {
    this.#drops += 1;
    this.#flights.clear();
    try {
      return await this.#parts.store.drop(tags, signal);
    } catch (error) {
      if (signal.aborted) throw GatewayError.of(signal.reason);
      this.#parts.failed();
      const message = "not all answers are dropped, because where they are kept cannot be reached - repeat the call";
      throw new GatewayError("GATEWAY_DEPENDENCY_UNAVAILABLE", message, {
        metadata: { component: this.#parts.driver },
        cause: error,
      });
    } finally {
      this.#parts.changed(this.#parts.store.statistics);
    }
  }

  /** What it holds, and what came of it. What cannot be had is left out, or told of this process alone. */
  async reading(signal: AbortSignal): Promise<CacheReading> {
    const { store, driver, counts } = this.#parts;
    const size = await this.#attempt(() => store.measure(signal));
    const tally = (await this.#attempt(counts.all)) ?? counts.own();
    return { driver, entries: size?.entries, bytes: size?.bytes, ...tally, evictions: counts.evictions() };
  }

  /** Ends what goes on beside calls. */
  async close(): Promise<void> {
    await this.#attempt(this.#parts.counts.close);
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch {
      this.#parts.failed();
      return undefined;
    }
  }
}
