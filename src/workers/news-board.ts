import type { HealthNews } from "../health/news.ts";
import { BoundedMap } from "../model/bounded-map.ts";

/** Pauses and open circuits that are known; the oldest go first. */
const newsMax = 2000;

interface Noted {
  readonly news: HealthNews;
  /** Infinity: until it closes. */
  readonly endMs: number;
}

/** What workers have found out about providers, for those that start later. */
export class NewsBoard {
  readonly #now: () => number;
  readonly #noted = new BoundedMap<Noted>(newsMax);

  /** @param now milliseconds of a steady clock. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes note of it. A pause is never shortened. */
  note(news: HealthNews): void {
    if (news.case === "circuit") {
      const { provider, scope, model, state } = news.circuit;
      const key = JSON.stringify([provider, scope, model]);
      if (state === "open") this.#noted.set(key, { news, endMs: Number.POSITIVE_INFINITY });
      else this.#noted.delete(key);
      return;
    }
    const { provider, model, quota, forMs } = news.pause;
    const key = JSON.stringify([provider, model, quota]);
    const endMs = this.#now() + forMs;
    if (endMs > (this.#noted.peek(key)?.endMs ?? 0)) this.#noted.set(key, { news, endMs });
  }

  /** What holds now. */
  get known(): readonly HealthNews[] {
    const nowMs = this.#now();
    const known: HealthNews[] = [];
    for (const { news, endMs } of this.#noted.values()) {
      if (news.case === "circuit") known.push(news);
      else if (endMs > nowMs) known.push({ ...news, pause: { ...news.pause, forMs: endMs - nowMs } });
    }
    return known;
  }
}
