import { BoundedMap } from "../model/bounded-map.ts";
import type { Rpc } from "../model/call.ts";
import type { GatewayError } from "../model/error.ts";
import type { Target } from "../model/target.ts";
import { Entrance, type EntranceParts, type Entrant, type QueueRules } from "./entrance.ts";
import { Gradient, type GradientRules, type Sample } from "./gradient.ts";
import { tenantOf, waitUntilMs } from "./share.ts";

/** Targets that have a lane, those used last: callers invent names of models. */
const lanesMax = 1000;

/** How often an answer waits for the event loop: when it is asked for, when it begins, and when it is read. */
const passes = 3;

/** What an operator decides about calls at targets. */
export interface LaneRules extends QueueRules, GradientRules {
  readonly adaptive: boolean;
}

/** What the lanes work with. */
export interface LanesParts extends Pick<EntranceParts, "now" | "later"> {
  readonly rules: () => LaneRules;
  /** How late the event loop was of late, in milliseconds: no target is to blame for that. */
  readonly latenessMs: () => number;
  /** What an attempt hears that is not made. */
  readonly refusal: (target: Target) => GatewayError;
  /** Told of each new lane. */
  readonly opened: (target: Target, lane: Lane) => void;
}

/** The way to one target. */
export class Lane {
  readonly #entrance: Entrance;
  readonly #gradient: Gradient;
  readonly #now: () => number;
  readonly #latenessMs: () => number;

  constructor(target: Target, { rules, now, later, latenessMs, refusal }: LanesParts) {
    this.#now = now;
    this.#latenessMs = latenessMs;
    this.#gradient = new Gradient(rules);
    this.#entrance = new Entrance({
      rules,
      now,
      later,
      limit: () => (rules().adaptive ? this.#gradient.limit : Number.POSITIVE_INFINITY),
      hurryMs: () => Number.POSITIVE_INFINITY,
      waited: () => undefined,
      refusal: () => refusal(target),
    });
  }

  /** Attempts at once, now. */
  get limit(): number {
    return this.#gradient.limit;
  }

  /** As Entrance.enter, for the tenant of the caller, within the time that the call may wait. */
  enter({ caller, startMs, deadlineMs }: Rpc): Entrant | undefined {
    return this.#entrance.enter(tenantOf(caller), waitUntilMs({ startMs, deadlineMs }));
  }

  /** The first output has come. */
  answered(sample: Sample): void {
    const latencyMs = Math.max(0, sample.latencyMs - passes * this.#latenessMs());
    this.#gradient.answered({ ...sample, latencyMs }, this.#entrance.inside, this.#now());
  }

  /** The target was too slow, or said that it has too much to do. */
  failed(sentMs: number): void {
    this.#gradient.failed(sentMs, this.#entrance.inside, this.#now());
  }

  /** As Entrance.leave. */
  leave({ caller }: Rpc, entrant: Entrant | undefined, reason?: unknown): void {
    this.#entrance.leave(tenantOf(caller), entrant, reason);
  }
}

/** How many attempts each target gets at once. */
export class Lanes {
  readonly #parts: LanesParts;
  readonly #lanes = new BoundedMap<Lane>(lanesMax);

  constructor(parts: LanesParts) {
    this.#parts = parts;
  }

  /** Undefined: nothing is limited. */
  of(target: Target): Lane | undefined {
    if (!this.#parts.rules().adaptive) return undefined;
    const known = this.#lanes.get(target.selector);
    if (known !== undefined) return known;
    const lane = new Lane(target, this.#parts);
    this.#lanes.set(target.selector, lane);
    this.#parts.opened(target, lane);
    return lane;
  }
}
