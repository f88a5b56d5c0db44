import { GatewayError } from "../model/error.ts";

/** Watchers at once: one per connection of a load balancer is usual, thousands are a leak. */
const listenersMax = 1024;

/** Whether this gateway wants calls. Starts as not ready. */
export class Readiness {
  #ready = false;
  readonly #listeners = new Set<() => void>();

  get ready(): boolean {
    return this.#ready;
  }

  /** Says so to the listeners when it changes. */
  set(ready: boolean): void {
    if (ready === this.#ready) return;
    this.#ready = ready;
    for (const listener of this.#listeners) listener();
  }

  /** Calls back on each change until the returned function is called. Refuses more than 1024 listeners. */
  subscribe(listener: () => void): () => void {
    if (this.#listeners.size >= listenersMax) {
      throw new GatewayError("GATEWAY_OVERLOADED", `more than ${listenersMax} health watches at once. Use Check`, {
        metadata: { limit: String(listenersMax) },
      });
    }
    const own = () => listener();
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }
}
