import { KeyRegister } from "../cache/idempotency/key-register.ts";
import { MemoryRecords } from "../cache/idempotency/stores.ts";
import type { IdempotencyConfig } from "../config/idempotency.ts";
import { MemoryStore } from "../limits/memory-store.ts";
import { Reservations } from "../limits/reservations.ts";
import type { Line, Serving } from "./line.ts";
import { NewsBoard } from "./news-board.ts";
import { workerOf } from "./token-end.ts";
import type { ToHolder, ToWorker } from "./topics.ts";

/** Longest wait for a worker that drops or counts its answers. */
const sweepMs = 1500;

/** Workers that serve, by number. */
type Workers = () => ReadonlyMap<number, { readonly line: Line<ToWorker, ToHolder> }>;

/**
 * What the workers of a gateway share while there is no Redis: limits, idempotency keys, pauses, open circuits; and the
 * way from one worker to the others. In the memory of this process, and gone with it.
 */
export class SharedState {
  readonly #workers: Workers;
  readonly #evicted: () => void;
  readonly #reservations = new Reservations(new MemoryStore(wholeNow), wholeNow);
  readonly news = new NewsBoard(now);
  readonly #keys: KeyRegister;
  #keyBytesMax = 1;

  /** @param evicted told of each answer to a key that went before its time. */
  constructor(workers: Workers, evicted: () => void) {
    this.#workers = workers;
    this.#evicted = evicted;
    this.#keys = new KeyRegister(this.#records(), now);
  }

  /** Takes settings into use. What came of keys is forgotten if the room for it changes. */
  configure({ bytesMax }: Pick<IdempotencyConfig, "bytesMax">): void {
    // Less than a byte is no bound to the cache behind it.
    const keyBytesMax = Math.max(1, bytesMax);
    if (keyBytesMax === this.#keyBytesMax) return;
    this.#keyBytesMax = keyBytesMax;
    this.#keys.keepIn(this.#records());
  }

  /** What a worker can ask. */
  servingOf(worker: number): Serving<ToHolder> {
    const reservations = this.#reservations;
    return {
      "limits.admit": (reservation) => reservations.admit(worker, reservation),
      "limits.raise": ({ id, units }) => reservations.raise(id, units),
      "limits.settle": ({ id, units }) => reservations.settle(id, units),
      "keys.get": (name) => this.#keys.get(name),
      "keys.set": ({ name, record, keeping }) => this.#keys.set(name, record, keeping),
      "keys.take": ({ name, token }) => this.#keys.take(name, token),
      "keys.extend": ({ name, token }) => this.#keys.extend(name, token),
      "keys.leave": ({ name, token, isOpen }) => this.#keys.leave(name, token, isOpen),
      "streams.newest": (token) => this.#lineFor(token)?.ask("streams.newest", token),
      "streams.read": (said) => this.#lineFor(said.token)?.ask("streams.read", said) ?? [],
      "streams.attend": (token) => this.#lineFor(token)?.ask("streams.attend", token) ?? false,
      news: (news) => {
        this.news.note(news);
        for (const line of this.#others(worker)) line.tell("news", news);
      },
      flush: async (tags) => {
        const dropped = await Promise.all(this.#others(worker).map((line) => line.ask("flush", tags, sweepMs)));
        return dropped.reduce((sum, count) => sum + count, 0);
      },
      readings: async () => {
        const asked = this.#others(worker).map((line) => line.ask("reading", undefined, sweepMs));
        const answers = await Promise.allSettled(asked);
        return answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
      },
    };
  }

  /** The worker has ended: what its calls had taken is given back. */
  ended(worker: number): void {
    this.#reservations.release(worker);
  }

  #others(worker: number): Line<ToWorker, ToHolder>[] {
    return [...this.#workers()].flatMap(([number, { line }]) => (number === worker ? [] : [line]));
  }

  #lineFor(token: string): Line<ToWorker, ToHolder> | undefined {
    return this.#workers().get(workerOf(token) ?? 0)?.line;
  }

  #records(): MemoryRecords {
    return new MemoryRecords({ bytesMax: this.#keyBytesMax, now, evicted: this.#evicted });
  }
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

function wholeNow(): number {
  return Math.floor(now());
}
