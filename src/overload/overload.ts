import type { Caller } from "../model/call.ts";
import type { GatewayError } from "../model/error.ts";
import type { Target } from "../model/target.ts";
import { Entrance, type Entrant, type QueueRules } from "./entrance.ts";
import { type Lane, type LaneRules, Lanes } from "./lanes.ts";
import { LateLoop, type LoopRules, lookMs } from "./late-loop.ts";
import { MemoryGuard, type MemoryReading, type MemoryRules, type MemoryState, usedPart } from "./memory-guard.ts";
import { memoryReader } from "./memory-limit.ts";
import { Refusals, type ShedCause } from "./refusals.ts";
import { tenantOf, waitUntilMs } from "./share.ts";

/** From one look at the memory to the next, in milliseconds. */
const memoryLookMs = 250;

/** What an operator decides about overload. */
export interface OverloadRules extends LoopRules, QueueRules {
  /** Off: every call is carried out at once. */
  readonly enabled: boolean;
  readonly targets: LaneRules;
  readonly memory: MemoryRules & {
    /** Undefined: what the control group allows, else only the heap is watched. */
    readonly limitBytes: number | undefined;
  };
}

/** What overload control works with. */
export interface OverloadParts {
  /** Told of each call, or attempt, that is shed. */
  readonly shed: (cause: ShedCause) => void;
  /** Told how long each waited that had to wait and was let in. */
  readonly waited: (ms: number) => void;
  /** Told of each target that is called for the first time. */
  readonly opened: (target: Target, lane: Lane) => void;
  /** Processes like this one on the machine; absent: 1. */
  readonly workers?: number | undefined;
  /** Absent: that of the process. */
  readonly readMemory?: (() => MemoryReading) | undefined;
}

/** Keeps calls away that would make all others late, or the process run out of memory. Outlives reloads. */
export class Overload {
  readonly lanes: Lanes;
  readonly #parts: OverloadParts;
  readonly #refusals = new Refusals(Math.random);
  readonly #loop = new LateLoop(() => this.#rules);
  readonly #guard = new MemoryGuard(() => this.#rules.memory);
  readonly #entrance: Entrance;
  readonly #look = (): void => this.#looked();
  #rules: OverloadRules = off;
  #readMemory: () => MemoryReading;
  #relieve: (reason: GatewayError) => number = () => 0;
  #memoryTimer: NodeJS.Timeout | undefined;
  #looking = false;
  /** How busy the loop had been at the last look. */
  #busy = performance.eventLoopUtilization();
  #refused = false;
  #dueMs = 0;
  #usedPart = 0;

  constructor(parts: OverloadParts) {
    this.#parts = parts;
    this.#readMemory = parts.readMemory ?? memoryReader(undefined, parts.workers);
    const shared = { now, later, waited: parts.waited };
    this.#entrance = new Entrance({
      ...shared,
      rules: () => this.#rules,
      limit: () => (this.#rules.enabled ? this.#loop.limit : Number.POSITIVE_INFINITY),
      hurryMs: this.#loop.hurryMs,
      refusal: (cause) => this.#shed(cause),
    });
    this.lanes = new Lanes({
      now,
      later,
      rules: () => this.#rules.targets,
      latenessMs: () => this.#loop.recentMs,
      opened: parts.opened,
      refusal: (target) => {
        parts.shed("target");
        return this.#refusals.ofTarget(target);
      },
    });
  }

  /** Calls that were let in and have not ended. */
  get inFlight(): number {
    return this.#entrance.inside;
  }

  /** Calls that wait to be let in. */
  get waiting(): number {
    return this.#entrance.waiting;
  }

  /** Calls in flight at most, now. */
  get callsMax(): number {
    return this.#loop.limit;
  }

  get memoryState(): MemoryState {
    return this.#guard.state;
  }

  /** Part of the memory that is used, as of the last look. */
  get memoryUsed(): number {
    return this.#usedPart;
  }

  /** Goes by these rules from now on. */
  configure(rules: OverloadRules): void {
    this.#rules = rules;
    const { readMemory, workers } = this.#parts;
    this.#readMemory = readMemory ?? memoryReader(rules.memory.limitBytes, workers);
    clearInterval(this.#memoryTimer);
    this.#guard.state = "fine";
    if (!rules.enabled) return;
    this.#memoryTimer = setInterval(() => this.#lookAtMemory(), memoryLookMs).unref();
    this.#lookAtMemory();
  }

  /** @param relieve ends the calls that hold the most memory, with this reason, and gives their number. */
  whenCritical(relieve: (reason: GatewayError) => number): void {
    this.#relieve = relieve;
  }

  /**
   * A call has come. Undefined: it may go ahead; else whom to wait for. `leave` must follow in either case.
   * @throws GatewayError GATEWAY_OVERLOADED, shared with others.
   */
  enter(caller: Caller, startMs: number, deadlineMs: number): Entrant | undefined {
    // The only call is let in: memory is not used by calls then, and only work has it cleaned up.
    if (this.#guard.state !== "fine" && this.#entrance.inside > 0) throw this.#shed("memory");
    if (!this.#looking) this.#lookLater();
    return this.#entrance.enter(tenantOf(caller), waitUntilMs({ startMs, deadlineMs }));
  }

  /** A call is over, whether it was let in or not; `reason` says why it waits no longer. */
  leave(caller: Caller, entrant: Entrant | undefined, reason: unknown): void {
    this.#entrance.leave(tenantOf(caller), entrant, reason);
  }

  /** No timer is left. */
  close(): void {
    clearInterval(this.#memoryTimer);
  }

  #shed(cause: Exclude<ShedCause, "target">): GatewayError {
    if (cause !== "memory") this.#refused = true;
    this.#parts.shed(cause);
    return this.#refusals.of(cause);
  }

  #lookLater(): void {
    this.#looking = true;
    this.#busy = performance.eventLoopUtilization();
    this.#refused = false;
    this.#dueMs = now() + lookMs;
    later(this.#look, lookMs);
  }

  #looked(): void {
    this.#looking = false;
    if (!this.#rules.enabled || this.#entrance.inside === 0) {
      this.#loop.rested();
      return;
    }
    const nowMs = now();
    this.#loop.looked({
      nowMs,
      lateMs: nowMs - this.#dueMs,
      inFlight: this.#entrance.inside,
      rest: 1 - performance.eventLoopUtilization(this.#busy).utilization,
      refused: this.#refused,
    });
    this.#lookLater();
  }

  #lookAtMemory(): void {
    this.#usedPart = usedPart(this.#readMemory());
    if (this.#guard.looked(this.#usedPart) !== "reset") return;
    const ended = this.#relieve(this.#refusals.of("memory_reset"));
    for (let i = 0; i < ended; i++) this.#parts.shed("memory_reset");
  }
}

const unbounded = { callsMin: 0, callsMax: Number.POSITIVE_INFINITY, queueMax: 0, waitMsMax: 0 };

/** Until there is a configuration. */
const off: OverloadRules = {
  ...unbounded,
  enabled: false,
  lateMs: Number.POSITIVE_INFINITY,
  targets: { ...unbounded, adaptive: false },
  memory: { limitBytes: undefined, shedAbove: 1, resetAbove: 1 },
};

function now(): number {
  return performance.now();
}

function later(run: () => void, ms: number): void {
  setTimeout(run, ms).unref();
}
