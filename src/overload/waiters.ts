/** Someone who waits for room. */
export interface Waiter {
  /** Whose share of the room it would take. */
  readonly tenant: string;
  /** Arrival. */
  readonly sinceMs: number;
  /** When it has waited long enough, whatever else holds. */
  readonly untilMs: number;
}

/**
 * Those who wait, by tenant. Pure; the caller brings the time. Nobody is handed out whose time is up, and one tenant's
 * many never stand in the way of another's few.
 */
export class Waiters<Own extends Waiter> {
  /** In order of arrival; tenants without any are not in it. The tenant served last stands last. */
  readonly #queues = new Map<string, Own[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** How many of a tenant wait. */
  sizeOf(tenant: string): number {
    return this.#queues.get(tenant)?.length ?? 0;
  }

  push(waiter: Own): void {
    const queue = this.#queues.get(waiter.tenant);
    if (queue === undefined) this.#queues.set(waiter.tenant, [waiter]);
    else queue.push(waiter);
    this.#size += 1;
  }

  /**
   * Takes out who is next: of the tenant that has the least, and among equals was served longest ago.
   * @param has how much room a tenant has taken.
   * @param newestFirst of that tenant the one who came last, who has the best chance that an answer is still wanted.
   */
  next(has: (tenant: string) => number, newestFirst: boolean): Own | undefined {
    let least = Number.POSITIVE_INFINITY;
    let chosen: string | undefined;
    for (const tenant of this.#queues.keys()) {
      const taken = has(tenant);
      if (taken >= least) continue;
      least = taken;
      chosen = tenant;
    }
    if (chosen === undefined) return undefined;
    const queue = this.#queues.get(chosen) ?? [];
    const waiter = newestFirst ? queue.pop() : queue.shift();
    this.#queues.delete(chosen);
    if (queue.length > 0) this.#queues.set(chosen, queue);
    this.#size -= 1;
    return waiter;
  }

  /** False: it does not wait here any more. */
  remove(waiter: Own): boolean {
    const queue = this.#queues.get(waiter.tenant);
    const index = queue?.indexOf(waiter) ?? -1;
    if (queue === undefined || index === -1) return false;
    queue.splice(index, 1);
    if (queue.length === 0) this.#queues.delete(waiter.tenant);
    this.#size -= 1;
    return true;
  }

  /** Takes out those whose time is up, and those who came more than `waitMsMax` ago. */
  expire(nowMs: number, waitMsMax: number): Own[] {
    const expired: Own[] = [];
    for (const [tenant, queue] of this.#queues) {
      const kept: Own[] = [];
      for (const waiter of queue) {
        const waits = waiter.untilMs > nowMs && nowMs - waiter.sinceMs <= waitMsMax;
        (waits ? kept : expired).push(waiter);
      }
      if (kept.length === queue.length) continue;
      if (kept.length === 0) this.#queues.delete(tenant);
      else this.#queues.set(tenant, kept);
    }
    this.#size -= expired.length;
    return expired;
  }

  /** The tenant with the most; undefined: nobody waits. */
  fullest(): string | undefined {
    let most = 0;
    let fullest: string | undefined;
    for (const [tenant, { length }] of this.#queues) {
      if (length <= most) continue;
      most = length;
      fullest = tenant;
    }
    return fullest;
  }

  /** Takes out the one of a tenant who waits longest. */
  evict(tenant: string): Own | undefined {
    const oldest = this.#queues.get(tenant)?.[0];
    if (oldest !== undefined) this.remove(oldest);
    return oldest;
  }
}
