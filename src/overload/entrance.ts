import { type Waiter, Waiters } from "./waiters.ts";

/** How often the queue looks for those who have waited long enough, in milliseconds. */
const sweepMs = 5;
/** Of the time that a queue may stand without being empty, what is waited for while it does. */
const standingPart = 10;

/** Most who wait while there is a hurry: to have somebody wait costs more than to refuse at once. */
const hurriedMax = 32;

/** Why somebody is not let in. */
export type Cause = "queue_full" | "queue_wait";

/** What an operator decides about a queue. */
export interface QueueRules {
  readonly queueMax: number;
  /** Longest wait for room, in milliseconds. A standing queue allows a tenth of it. */
  readonly waitMsMax: number;
}

/** What an entrance works with. */
export interface EntranceParts {
  readonly rules: () => QueueRules;
  /** How many may be inside, now. */
  readonly limit: () => number;
  /** Longest wait of this very moment, which may be shorter than the rules'; Infinity: as they say. */
  readonly hurryMs: () => number;
  /** Any steady clock, in milliseconds. */
  readonly now: () => number;
  /** Runs something once, later, without keeping the process alive. */
  readonly later: (run: () => void, ms: number) => void;
  /** Told how long each waited who was let in. */
  readonly waited: (ms: number) => void;
  /** What somebody hears who is not let in. */
  readonly refusal: (cause: Cause) => Error;
}

/** Someone at the entrance, until `admitted` settles: it rejects with the refusal, or with why the wait was given up. */
export interface Entrant extends Waiter {
  readonly admitted: Promise<void>;
}

interface Pending extends Entrant {
  /** gone: refused, or left. */
  state: "waiting" | "inside" | "gone";
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Lets so many in at once; a bounded number of others waits for a bounded time. Room goes to the tenant that has the
 * least of it. While the queue empties, who came first goes first; while it stands, the newest: all would wait long, and
 * so some need not.
 */
export class Entrance {
  readonly #parts: EntranceParts;
  readonly #waiters = new Waiters<Pending>();
  /** Room that each tenant has taken; those without any are not in it. */
  readonly #taken = new Map<string, number>();
  readonly #has = (tenant: string): number => this.#taken.get(tenant) ?? 0;
  readonly #tick = (): void => {
    this.#swept = false;
    this.sweep();
  };
  #inside = 0;
  /** When the queue was empty last. */
  #emptyMs = 0;
  #swept = false;

  constructor(parts: EntranceParts) {
    this.#parts = parts;
  }

  get inside(): number {
    return this.#inside;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /**
   * Undefined: there is room, and `leave` must follow. Else somebody who waits, for whom `leave` must follow once admitted.
   * @param untilMs when to wait no longer, on the clock of the parts.
   * @throws the refusal, if there is no room to wait either.
   */
  enter(tenant: string, untilMs: number): Entrant | undefined {
    if (this.#inside < this.#parts.limit() && this.#waiters.size === 0) {
      this.#let(tenant);
      return undefined;
    }
    return this.#wait(tenant, untilMs);
  }

  /**
   * Somebody has left, whether it was inside, still waits or was refused; more than once does no harm to who waited.
   * @param entrant what `enter` gave.
   * @param reason why it waits no longer, if it still does.
   */
  leave(tenant: string, entrant: Entrant | undefined, reason: unknown): void {
    const pending = entrant as Pending | undefined;
    if (pending?.state === "gone") return;
    if (pending?.state === "waiting") {
      this.#waiters.remove(pending);
      this.#refuse(pending, reason);
      return;
    }
    if (pending !== undefined) pending.state = "gone";
    const taken = this.#has(tenant) - 1;
    if (taken > 0) this.#taken.set(tenant, taken);
    else this.#taken.delete(tenant);
    this.#inside -= 1;
    if (this.#waiters.size > 0) this.sweep();
  }

  /** Refuses those who have waited long enough, and lets in whom there is room for. */
  sweep(): void {
    const nowMs = this.#parts.now();
    const waitMs = this.#waitMsMax(nowMs);
    for (const waiter of this.#waiters.expire(nowMs, waitMs)) this.#refuse(waiter, this.#parts.refusal("queue_wait"));
    const standing = this.#stands(nowMs);
    while (this.#inside < this.#parts.limit()) {
      const waiter = this.#waiters.next(this.#has, standing);
      if (waiter === undefined) break;
      this.#let(waiter.tenant);
      this.#parts.waited(nowMs - waiter.sinceMs);
      waiter.state = "inside";
      waiter.resolve();
    }
    if (this.#waiters.size === 0) this.#emptyMs = nowMs;
    else this.#sweepLater();
  }

  #wait(tenant: string, untilMs: number): Entrant {
    const { now, rules, refusal } = this.#parts;
    const nowMs = now();
    const queueMax = this.#isHurried() ? Math.min(rules().queueMax, hurriedMax) : rules().queueMax;
    if (this.#waiters.size === 0) this.#emptyMs = nowMs;
    if (untilMs <= nowMs || queueMax === 0) throw refusal("queue_full");
    if (this.#waiters.size >= queueMax) {
      const evicted = this.#evictFor(tenant, nowMs);
      if (evicted === undefined) throw refusal("queue_full");
      this.#refuse(evicted, refusal("queue_full"));
    }
    const { promise: admitted, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Pending = { tenant, sinceMs: nowMs, untilMs, admitted, state: "waiting", resolve, reject };
    this.#waiters.push(waiter);
    this.sweep();
    return waiter;
  }

  /** Who has to make room in a full queue: one of a tenant that has more; or, in a queue that stands, of the same. */
  #evictFor(tenant: string, nowMs: number): Pending | undefined {
    const own = this.#waiters.sizeOf(tenant);
    const fullest = this.#waiters.fullest();
    if (fullest !== undefined && this.#waiters.sizeOf(fullest) > own + 1) return this.#waiters.evict(fullest);
    return this.#stands(nowMs) && !this.#isHurried() ? this.#waiters.evict(tenant) : undefined;
  }

  #stands(nowMs: number): boolean {
    return this.#isHurried() || nowMs - this.#emptyMs >= this.#parts.rules().waitMsMax;
  }

  #isHurried(): boolean {
    return this.#parts.hurryMs() !== Number.POSITIVE_INFINITY;
  }

  #waitMsMax(nowMs: number): number {
    const { waitMsMax } = this.#parts.rules();
    return Math.min(this.#parts.hurryMs(), this.#stands(nowMs) ? waitMsMax / standingPart : waitMsMax);
  }

  #refuse(pending: Pending, reason: unknown): void {
    pending.state = "gone";
    pending.reject(reason);
  }

  #let(tenant: string): void {
    this.#inside += 1;
    this.#taken.set(tenant, this.#has(tenant) + 1);
  }

  #sweepLater(): void {
    if (this.#swept) return;
    this.#swept = true;
    this.#parts.later(this.#tick, sweepMs);
  }
}
