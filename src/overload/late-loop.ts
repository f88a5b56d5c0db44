/** How often the event loop is looked at while calls are under way, in milliseconds. */
export const lookMs = 20;
/** A lateness that lasts shorter is a collection, or one large message, and no overload. */
const lastingMs = 100;
/** From one change of the limit to the next. */
const changeMs = 100;
/** What is left of the limit at once: the more, the less late the loop is. */
const shrinkMin = 0.5;
const shrinkMax = 0.9;
const growth = 1.1;
/** While the limit is made use of it is found out by small steps what is too much. */
const slowGrowth = 1.04;
/** What remains of a lateness at the next look, if that is less late. */
const fade = 0.8;
/** A loop that idles less has no rest: what waits for it grows, in buffers where nobody sees it. */
const restMin = 0.02;
/** However crowded it is, so many calls may be in flight. */
const crowdedMin = 4;
/** From one step down to the next of a loop without rest. */
const crowdedShrink = 0.8;
/** Longest wait for room while the loop is late: a call that cannot begin soon had better be elsewhere. */
const hurryMs = 10;

/** What a look shows. */
export interface Look {
  readonly nowMs: number;
  /** How much later than it should have it came. */
  readonly lateMs: number;
  readonly inFlight: number;
  /** Part of the time since the look before in which the loop had nothing to do. */
  readonly rest: number;
  /** Since the look before somebody was refused for want of room. */
  readonly refused: boolean;
}

/** What an operator decides about calls in flight. */
export interface LoopRules {
  /** Calls in flight at most. */
  readonly callsMax: number;
  /** However late the loop is, so many may be in flight. */
  readonly callsMin: number;
  /** Lateness above which calls are too many, in milliseconds. */
  readonly lateMs: number;
}

/**
 * How many calls may be in flight by how late the event loop is. All that a call costs here is done on one thread, so
 * what waits for it is the load, whatever the calls are: it needs no notion of how long a call should take. The limit goes
 * down for each tenth of a second that every look was late, by a tenth to a half of what is in flight, and up otherwise,
 * more slowly while it is made use of. A loop that has no rest although calls are refused is late, too, where no look
 * shows it: what it does not get to waits in sockets. Then even fewer calls than `callsMin` are let in, because refusing
 * has to be paid for.
 */
export class LateLoop {
  readonly #rules: () => LoopRules;
  #limit = Number.POSITIVE_INFINITY;
  /** Since when every look was late. */
  #lateSinceMs: number | undefined;
  /** Since when it had no rest and calls were refused. */
  #crowdedSinceMs: number | undefined;
  #changedMs = 0;
  #late = false;
  #recentMs = 0;

  constructor(rules: () => LoopRules) {
    this.#rules = rules;
  }

  get limit(): number {
    return Math.min(this.#limit, this.#rules().callsMax);
  }

  /** Longest wait for room, now; Infinity while the loop is in time. */
  readonly hurryMs = (): number => (this.#late ? hurryMs : Number.POSITIVE_INFINITY);

  /** How late the loop was of late, in milliseconds: the worst of it, fading within a few looks. */
  get recentMs(): number {
    return this.#recentMs;
  }

  looked({ nowMs, lateMs, inFlight, rest, refused }: Look): void {
    const { callsMax, callsMin, lateMs: lateMsMax } = this.#rules();
    this.#recentMs = Math.max(lateMs, this.#recentMs * fade);
    this.#lateSinceMs = since(this.#lateSinceMs, lateMs > lateMsMax, nowMs);
    this.#crowdedSinceMs = since(this.#crowdedSinceMs, rest < restMin && refused, nowMs);
    const crowded = lasts(this.#crowdedSinceMs, nowMs);
    this.#late = crowded || lasts(this.#lateSinceMs, nowMs);
    if (nowMs - this.#changedMs < changeMs) return;
    if (this.#late) {
      this.#changedMs = nowMs;
      const shrink = crowded ? crowdedShrink : Math.min(shrinkMax, Math.max(shrinkMin, lateMsMax / lateMs));
      const floor = crowded ? crowdedMin : Math.min(callsMin, this.limit);
      this.#limit = Math.max(floor, Math.floor(Math.min(this.limit, inFlight) * shrink));
    } else if (this.#limit < callsMax) {
      this.#changedMs = nowMs;
      const grown = Math.ceil(this.#limit * (inFlight > this.#limit / 2 ? slowGrowth : growth));
      this.#limit = grown >= callsMax ? Number.POSITIVE_INFINITY : grown;
    }
  }

  /** Nothing is in flight: what was learned is over. */
  rested(): void {
    this.#lateSinceMs = undefined;
    this.#crowdedSinceMs = undefined;
    this.#late = false;
    this.#recentMs = 0;
    this.#limit = Number.POSITIVE_INFINITY;
  }
}

function since(beforeMs: number | undefined, holds: boolean, nowMs: number): number | undefined {
  return holds ? (beforeMs ?? nowMs) : undefined;
}

function lasts(sinceMs: number | undefined, nowMs: number): boolean {
  return sinceMs !== undefined && nowMs - sinceMs >= lastingMs;
}
