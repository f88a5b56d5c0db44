import { randomUUID } from "node:crypto";
import { setTimeout as elapsed } from "node:timers/promises";
import { GatewayError } from "../model/error.ts";

/** How often a lease is renewed: three times before it would end. */
const extendMs = 3000;
/** How long a lock outlives the replica that holds it. */
export const leaseMs = 10_000;
/** How long everybody may pass after an answer that is not for sharing. */
export const openMs = 2000;
/** From one look at what another replica does to the next, at first and at most. */
const pauseMsMin = 10;
const pauseMsMax = 200;

/** Which of several replicas asks for an answer. Every promise may reject. */
export interface ReplicaLock {
  /** mine: nobody else asks. taken: somebody does. open: what comes is not for sharing, so each asks for itself. */
  take(key: string, token: string): Promise<"mine" | "taken" | "open">;
  /** False: the lock has passed to somebody else. */
  extend(key: string, token: string): Promise<boolean>;
  /** Gives the lock back, or lets everybody pass for a moment. Nothing happens if it has passed to somebody else. */
  leave(key: string, token: string, isOpen: boolean): Promise<void>;
}

/** The turn of this replica, kept up until it ends; whoever dies loses it. */
export class Lease {
  /** What is written with it counts only while the lock is held by it. */
  readonly token: string;
  readonly #lock: ReplicaLock;
  readonly #key: string;
  readonly #timer: NodeJS.Timeout;
  #isOver = false;

  constructor(lock: ReplicaLock, key: string, token: string) {
    this.token = token;
    this.#lock = lock;
    this.#key = key;
    // A renewal that fails is made up for by the next.
    this.#timer = setInterval(() => void lock.extend(key, token).catch(() => undefined), extendMs).unref();
  }

  /** Lets the next have its turn, or all at once where there is nothing to share. The first word counts. */
  end(isOpen: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#timer);
    void this.#lock.leave(this.#key, this.token, isOpen).catch(() => undefined);
  }
}

/** What turns are taken with. */
export interface TurnParts {
  readonly lock: ReplicaLock;
  /** Longest wait for another replica. */
  readonly waitMs: number;
  /** Told of each operation of the lock that failed. What it throws, whoever wanted the turn gets. */
  readonly failed: () => void;
}

/** One replica asks, the others wait for what it brings. Fails open unless `failed` throws: whoever cannot know asks for itself. */
export class Turns {
  readonly #parts: TurnParts;

  constructor(parts: TurnParts) {
    this.#parts = parts;
  }

  /** The turn, if nobody else has it: undefined where that cannot be said, or each asks for itself. */
  async attempt(key: string): Promise<Lease | "taken" | undefined> {
    const { lock, failed } = this.#parts;
    const token = randomUUID();
    try {
      const state = await lock.take(key, token);
      if (state === "mine") return new Lease(lock, key, token);
      return state === "taken" ? state : undefined;
    } catch {
      // It may be taken all the same, and nobody would know.
      void lock.leave(key, token, false).catch(() => undefined);
      failed();
      return undefined;
    }
  }

  /**
   * What another replica brings, as `look` finds it, or the turn, or undefined for a call that goes ahead without. Rejects
   * with what `look` rejects with, or with the reason of the signal.
   */
  async wait<T>(key: string, signal: AbortSignal, look: () => Promise<T | undefined>): Promise<T | Lease | undefined> {
    const endMs = performance.now() + this.#parts.waitMs;
    for (let pauseMs = pauseMsMin; ; pauseMs = Math.min(2 * pauseMs, pauseMsMax)) {
      const turn = await this.attempt(key);
      if (turn === undefined) return undefined;
      if (turn !== "taken") return this.#lookOnce(turn, look);
      const leftMs = endMs - performance.now();
      if (leftMs <= 0) return undefined;
      await pause(Math.min(pauseMs, leftMs), signal);
      const found = await look();
      if (found !== undefined) return found;
    }
  }

  /** Another may have brought it just before it was this one's turn. */
  async #lookOnce<T>(lease: Lease, look: () => Promise<T | undefined>): Promise<T | Lease> {
    let found: T | undefined;
    try {
      found = await look();
    } catch (error) {
      lease.end(false);
      throw error;
    }
    if (found === undefined) return lease;
    lease.end(false);
    return found;
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await elapsed(ms, undefined, { signal });
  } catch {
    throw GatewayError.of(signal.reason);
  }
}
