import { GatewayError } from "../model/error.ts";

/** Renewals at once; while there are more, what is stale is given without one. */
const renewalsMax = 32;
/** How long one may take: nobody waits for it. */
const renewalMs = 120_000;

/** How long a renewal has: its deadline on the clock of performance.now(), and a signal that aborts then, or sooner. */
export interface Life {
  readonly startMs: number;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** Calls that renew stale answers while nobody waits: one at a time for each answer, and a bounded number together. */
export class Renewals {
  readonly #running = new Map<string, Promise<void>>();
  readonly #lives = new Set<AbortController>();
  #isClosed = false;

  /** Begins the work, unless it is under way or there is too much already. What it fails with is told elsewhere. */
  begin(key: string, work: (life: Life) => Promise<void>): void {
    if (this.#isClosed || this.#running.has(key) || this.#running.size >= renewalsMax) return;
    this.#running.set(key, this.#run(key, work));
  }

  /** Cuts off what is under way, and begins no more. Resolves when all has ended. */
  async close(reason: GatewayError): Promise<void> {
    this.#isClosed = true;
    for (const life of this.#lives) life.abort(reason);
    await Promise.all(this.#running.values());
  }

  async #run(key: string, work: (life: Life) => Promise<void>): Promise<void> {
    const life = new AbortController();
    const late = new GatewayError("DEADLINE_EXCEEDED", "a stale answer was not renewed in time");
    const timer = setTimeout(() => life.abort(late), renewalMs).unref();
    this.#lives.add(life);
    const startMs = performance.now();
    try {
      await work({ startMs, deadlineMs: startMs + renewalMs, signal: life.signal });
    } catch {
      // The chain around the call has told of it.
    } finally {
      clearTimeout(timer);
      this.#lives.delete(life);
      this.#running.delete(key);
    }
  }
}
