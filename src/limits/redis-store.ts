import { type RedisArgument, RedisFailure, type RedisLink } from "../storage/redis.ts";
import { type Draw, shapeOf } from "./rule.ts";
import { type LimitScripts, limitScripts } from "./scripts.ts";
import type { SharedReservation, SharedStore } from "./shared-store.ts";
import { type Refusal, type Verdict, worst } from "./verdict.ts";

/**
 * One shard holds all counters, or a script could not see those of one call together. The tag is not the tenant, because
 * limits of models, providers and addresses belong to no tenant.
 */
const hashTag = "{limits}";
/** Settlements that wait for Redis to come back; of more, the oldest are left to the end of their reservation's life. */
const waitingMax = 10_000;
/** Settlements sent at once when it is back. */
const burst = 100;

interface Settlement {
  readonly reservation: SharedReservation;
  /** Of each draw altogether. */
  readonly units: readonly number[];
  /** Whether it was made at all is not known. */
  readonly unsure: boolean;
}

/** The limits that replicas share in Redis. */
export class RedisStore implements SharedStore {
  readonly #link: () => RedisLink | undefined;
  readonly #scripts: LimitScripts;
  readonly #waiting: Settlement[] = [];

  constructor(link: () => RedisLink | undefined, scripts: LimitScripts = limitScripts()) {
    this.#link = link;
    this.#scripts = scripts;
  }

  get isUp(): boolean {
    const link = this.#link();
    return link !== undefined && link.cause === undefined;
  }

  /** Settlements that could not be said yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Takes what every draw asks for, or nothing at all. Rejects with a RedisFailure. */
  async admit({ id, draws, lifeMs }: SharedReservation): Promise<Verdict> {
    const link = this.#link();
    if (link === undefined) throw new RedisFailure("down", "closed");
    const units = draws.map(({ cost }) => cost);
    const answer = await link.script(
      this.#scripts.admit,
      keysOf(id, draws),
      wordsOf(id, lifeMs, "begin", draws, units),
    );
    return verdictOf(answer, draws);
  }

  /** Takes what is missing, whether it is there or not. What Redis does not hear now it hears with the next word. */
  async raise({ id, draws, lifeMs }: SharedReservation, units: readonly number[]): Promise<void> {
    const words = wordsOf(id, lifeMs, "more", draws, units);
    await this.#link()
      ?.script(this.#scripts.correct, keysOf(id, draws), words)
      .catch(() => undefined);
  }

  /** Says what a call used, now or when Redis is back. @param unsure whether the reservation was ever made. */
  async settle(reservation: SharedReservation, units: readonly number[], unsure: boolean): Promise<void> {
    if (reservation.lifeMs > 0) await this.#settle({ reservation, units, unsure });
  }

  /** Says what could not be said while Redis was away. */
  async resume(): Promise<void> {
    const overdue = this.#waiting.splice(0);
    while (overdue.length > 0) await Promise.all(overdue.splice(0, burst).map((each) => this.#settle(each)));
  }

  async #settle(settlement: Settlement): Promise<void> {
    const { reservation, units, unsure } = settlement;
    const { id, draws, lifeMs } = reservation;
    const words = wordsOf(id, lifeMs, unsure ? "late" : "end", draws, units);
    try {
      await this.#link()?.script(this.#scripts.correct, keysOf(id, draws), words);
    } catch {
      this.#waiting.push(settlement);
      if (this.#waiting.length > waitingMax) this.#waiting.shift();
    }
  }
}

function keysOf(id: string, draws: readonly Draw[]): string[] {
  const names = draws.map(({ key }) => `${hashTag}:c:${key}`);
  return [`${hashTag}:r:${id}`, ...names, ...names.map((name) => `${name}:open`)];
}

function wordsOf(
  id: string,
  lifeMs: number,
  word: string,
  draws: readonly Draw[],
  units: readonly number[],
): RedisArgument[] {
  return [
    Math.ceil(lifeMs),
    id,
    word,
    ...draws.flatMap((draw, i) => [...parametersOf(draw), heldOf(draw), units[i] ?? 0]),
  ];
}

function parametersOf({ rule, limit }: Draw): RedisArgument[] {
  const shape = shapeOf(rule);
  switch (shape.kind) {
    case "bucket":
      return [shape.kind, limit, shape.tickMs, shape.ticks];
    case "slices":
      return [shape.kind, limit, shape.sliceMs, shape.kept];
    case "leases":
      return [shape.kind, limit, 0, 0];
  }
}

/** Only tokens are held for what a call may use; requests are made, and places are leased. */
function heldOf({ rule }: Draw): number {
  return rule.metric === "tokens" ? 1 : 0;
}

function verdictOf(answer: unknown, draws: readonly Draw[]): Verdict {
  const [admitted, ...numbers] = Array.isArray(answer) ? answer.map(Number) : [];
  const refusals: Refusal[] = [];
  const readings = draws.map((draw, i) => {
    const [waitMs = 0, remaining = 0, resetMs = 0] = numbers.slice(3 * i, 3 * i + 3);
    if (waitMs !== 0) refusals.push({ draw, waitMs: waitMs < 0 ? undefined : waitMs });
    return { remaining, resetMs };
  });
  return { refusal: admitted === 1 ? undefined : worst(refusals), readings };
}
