import { triedOf } from "../model/attempt-record.ts";
import type { Availability } from "../model/availability.ts";
import { blameOf } from "../model/blame.ts";
import type { Asked, Attempt, Call, Timeouts } from "../model/call.ts";
import type { Dispatch } from "../model/dispatch.ts";
import { GatewayError, type Reason } from "../model/error.ts";
import type { Served } from "../model/reply.ts";
import type { Target } from "../model/target.ts";
import { callsThrough, nextCredential, withCredential } from "./credential-pick.ts";
import { History } from "./history.ts";
import { pause } from "./pause.ts";
import type { Plan, PlannedStep } from "./planner.ts";
import type { Readings } from "./readings.ts";
import { afterFailure, attemptShare, attemptsOf, cureOf, usefulMs, type Verdict } from "./retry.ts";
import type { RetryBudget } from "./retry-budget.ts";
import { type Candidate, requestIn, type Step } from "./route.ts";
import { order } from "./strategies.ts";
import { type Turns, viewOf } from "./view.ts";

/** What journeys share. */
export interface JourneyParts {
  readonly availability: Availability;
  readonly readings: Readings;
  readonly budget: RetryBudget;
  readonly turns: Turns;
  /** Numbers from 0 on below 1. */
  readonly draw: () => number;
  /** Told what becomes of a failed attempt: another target, the same once more, or no repeat because there were too many. */
  readonly wentOn: (target: Target, to: "other" | "repeat" | "over_budget") => void;
  /** Told how a step of a chain ended; `reason` is undefined when it answered. */
  readonly stepped: (chain: string, step: number, reason: Reason | undefined) => void;
}

/** A target that failed and may be asked again. */
interface Repeatable {
  readonly candidate: Candidate;
  readonly readyMs: number;
}

/** Where one step stands. */
interface Stage<Request extends Asked> {
  readonly call: Call<Request>;
  readonly step: Step;
  /** When its time is up; Infinity where only the call's deadline bounds it. */
  readonly endMs: number;
  readonly attemptsMax: number;
  readonly triedBefore: number;
  /** What the call sticks to. */
  readonly sticky: string;
  /** Candidates of later steps. */
  readonly targetsAfter: number;
  readonly untried: Candidate[];
  readonly repeatable: Repeatable[];
  repeats: number;
}

/**
 * One call on its way from target to target, until one has output. Nothing is tried again after that: a dispatch that
 * rejects has handed on nothing.
 */
export class Journey<Request extends Asked, R extends Served> {
  readonly #parts: JourneyParts;
  readonly #call: Call<Request>;
  readonly #plan: Plan;
  readonly #dispatch: Dispatch<Attempt<Request>, R>;
  readonly #history = new History(() => performance.now());

  constructor(parts: JourneyParts, call: Call<Request>, plan: Plan, dispatch: Dispatch<Attempt<Request>, R>) {
    this.#parts = parts;
    this.#call = call;
    this.#plan = plan;
    this.#dispatch = dispatch;
  }

  /** Takes the steps of the plan, one after the other. Rejects with the last failure and the record of all. */
  async run(): Promise<R> {
    const { route, steps, attemptsMax } = this.#plan;
    const endMs = performance.now() + (route.maxLatencyMs ?? Number.POSITIVE_INFINITY);
    let last: GatewayError | undefined;
    for (const [index, planned] of steps.entries()) {
      if (index > 0 && attemptsMax !== undefined && this.#history.tried >= attemptsMax) break;
      try {
        const reply = await this.#take(this.#stageOf(planned, index, endMs));
        this.#stepped(planned, undefined);
        return reply;
      } catch (thrown) {
        last = GatewayError.of(thrown);
        this.#stepped(planned, last.reason);
        if (!fallsThrough(planned.step, last) || this.#leftMs(endMs) < usefulMs()) break;
      }
    }
    throw this.#history.ending(this.#call.id, last ?? new GatewayError("INTERNAL", "a plan without steps"));
  }

  #stepped({ number }: PlannedStep, reason: Reason | undefined): void {
    const { policy } = this.#plan.route;
    if (policy.startsWith("chains/")) this.#parts.stepped(policy, number, reason);
  }

  #stageOf(planned: PlannedStep, index: number, endMs: number): Stage<Request> {
    const { step, strategy, candidates, fallbacks } = planned;
    const call = overridden(this.#call, step);
    const all = unique([...candidates, ...fallbacks]);
    // A target without others is tried in any case: if it is out, it says so better.
    const available = all.length === 1 ? all : this.#available(all);
    const own = available.filter((each) => candidates.includes(each)).length;
    const view = viewOf(call, step, this.#parts);
    const untried = [...order(strategy, available.slice(0, own), view, this.#parts.draw), ...available.slice(own)];
    const { attemptsMax: wanted } = this.#plan;
    const triedBefore = this.#history.tried;
    return {
      call,
      step,
      endMs: Math.min(endMs, performance.now() + (step.maxLatencyMs ?? Number.POSITIVE_INFINITY)),
      attemptsMax: attemptsOf(
        step.retry,
        callsThrough(untried.slice(0, own)),
        untried.length - own,
        wanted && wanted - triedBefore,
      ),
      triedBefore,
      sticky: view.sticky,
      targetsAfter: goesOnLate(step)
        ? this.#plan.steps.slice(index + 1).reduce((sum, { candidates }) => sum + candidates.length, 0)
        : 0,
      untried,
      repeatable: [],
      repeats: 0,
    };
  }

  /** Those that are worth a try now; else the one that will be first, which can tell why it is not. */
  #available(candidates: readonly Candidate[]): readonly Candidate[] {
    const { availability } = this.#parts;
    const waits = candidates.map(({ target, twins = [target] }) =>
      Math.min(...twins.map((twin) => availability.waitMs(twin))),
    );
    const soonest = Math.min(...waits);
    const chosen = waits.map((waitMs, index) => waitMs <= 0 || (soonest > 0 && index === waits.indexOf(soonest)));
    return candidates.filter(({ target, twins = [target] }, index) => {
      if (chosen[index] === true) return true;
      for (const twin of twins) this.#history.skipped(twin, "NO_HEALTHY_TARGET", availability.waitMs(twin));
      return false;
    });
  }

  async #take(stage: Stage<Request>): Promise<R> {
    let candidate = this.#following(stage);
    if (candidate === undefined) throw new GatewayError("INTERNAL", "a step without targets");
    this.#parts.budget.called(this.#call.rpc.caller, candidate.target.selector);
    for (;;) {
      try {
        return await this.#try(stage, candidate);
      } catch (thrown) {
        const error = GatewayError.of(thrown);
        candidate = await this.#next(stage, candidate, error, this.#verdict(stage, candidate, error));
      }
    }
  }

  /** The next of those that were not tried, with one of its credentials. */
  #following({ untried, sticky }: Stage<Request>): Candidate | undefined {
    const candidate = untried.shift();
    if (candidate?.twins === undefined) return candidate;
    const { availability, turns } = this.#parts;
    const skipped = (target: Target, waitMs: number) => this.#history.skipped(target, "NO_HEALTHY_TARGET", waitMs);
    return withCredential(candidate, { availability, turns, sticky, skipped });
  }

  async #try(stage: Stage<Request>, { target, arm }: Candidate): Promise<R> {
    const { call, endMs, untried, attemptsMax, triedBefore, targetsAfter } = stage;
    const othersHere = Math.min(untried.length, attemptsMax - 1 - (this.#history.tried - triedBefore));
    const shareMs = attemptShare(this.#leftMs(endMs), 1 + Math.max(0, othersHere) + targetsAfter);
    const limitMs = Math.max(1, Math.min(shareMs, endMs - performance.now()));
    const { readings } = this.#parts;
    const reply = await this.#dispatch({
      call,
      target,
      policy: this.#plan.route.policy,
      ...(arm === "" ? {} : { arm }),
      failures: this.#history.records,
      timeouts: timeoutsFor(call, target, limitMs),
      freshConnection: false,
      mayRepeat: (attempts) => this.#mayRepeat(stage, target, triedOf(attempts)),
    });
    readings.answered(target.selector, call.stream, reply.firstOutputMs - reply.sentMs);
    void reply.outcome.then(({ error }) => {
      if (error !== undefined && blameOf(error, target.provider) !== undefined) readings.failed(target.selector);
    });
    return reply;
  }

  /** Whether the target may be asked again within an attempt, after so many provider calls. */
  #mayRepeat({ triedBefore, attemptsMax }: Stage<Request>, target: Target, tried: number): boolean {
    const { budget, wentOn } = this.#parts;
    if (tried - triedBefore >= attemptsMax) return false;
    const allowed = budget.take(this.#call.rpc.caller, target.selector);
    wentOn(target, allowed ? "repeat" : "over_budget");
    return allowed;
  }

  /** Takes note of a failure and says what is to be done about it. */
  #verdict(stage: Stage<Request>, candidate: Candidate, error: GatewayError): Verdict {
    const { target } = candidate;
    const called = this.#history.failed(target, error);
    const cure = this.#call.rpc.signal.aborted ? "none" : cureOf(error);
    const nowMs = performance.now();
    const { readings, availability } = this.#parts;
    const spare = cure === "none" ? undefined : nextCredential(candidate, error, availability);
    if (spare !== undefined) stage.untried.unshift(spare);
    const isHis = cure !== "none" && !isHasty(error, readings.latencyMs(target.selector, this.#call.stream));
    if (called && isHis && spare === undefined) readings.failed(target.selector);
    if (called && cure === "repeat") stage.repeatable.push({ candidate, readyMs: nowMs + (error.hintMs ?? 0) });
    const following = stage.untried[0]?.target ?? target;
    const progress = {
      attempts: this.#history.tried - stage.triedBefore,
      attemptsMax: stage.attemptsMax,
      othersLeft: stage.untried.length,
      repeats: stage.repeats,
      readyInMs: stage.repeatable.map((each) => this.#readyInMs(each, stage.step.retry.maxBackoffMs, nowMs)),
      leftMs: this.#leftMs(stage.endMs),
      usefulMs: usefulMs(readings.latencyMs(following.selector, this.#call.stream)),
    };
    return afterFailure(cure, progress, stage.step.retry, this.#parts.draw);
  }

  /** As the provider asked, and as long as a cooldown lasts; for a circuit that stays open longer nobody waits. */
  #readyInMs({ candidate, readyMs }: Repeatable, backoffMsMax: number, nowMs: number): number {
    const askedMs = readyMs - nowMs;
    const waitMs = this.#parts.availability.waitMs(candidate.target);
    return waitMs > Math.max(askedMs, backoffMsMax) ? Number.POSITIVE_INFINITY : Math.max(askedMs, waitMs);
  }

  /** The candidate to try next, after the wait that it takes; throws the failure when there is none. */
  async #next(stage: Stage<Request>, failed: Candidate, error: GatewayError, verdict: Verdict): Promise<Candidate> {
    if (verdict.next === "stop") throw error;
    const { budget, wentOn } = this.#parts;
    const { caller, signal } = this.#call.rpc;
    const again = verdict.next === "repeat" ? stage.repeatable.splice(verdict.index, 1)[0] : undefined;
    const candidate = again?.candidate ?? this.#following(stage);
    if (candidate === undefined) throw error;
    if (verdict.next === "other") {
      budget.called(caller, candidate.target.selector);
      wentOn(failed.target, "other");
      return candidate;
    }
    const allowed = budget.take(caller, candidate.target.selector);
    wentOn(failed.target, allowed ? "repeat" : "over_budget");
    if (!allowed) throw error;
    stage.repeats += 1;
    await pause(verdict.afterMs, signal);
    return candidate;
  }

  /** Of the call, and of what it may take until its first output. */
  #leftMs(endMs: number): number {
    return Math.min(this.#call.rpc.deadlineMs, endMs) - performance.now();
  }
}

/** The time limits of an attempt: those of the provider, and what the call has to spare for its first output. */
export function timeoutsFor({ stream }: Call<Asked>, { provider }: Target, limitMs: number): Timeouts {
  const { firstOutputMs, idleMs, totalMs } = provider.timeouts;
  // A whole answer comes only when it is complete, so its first output has as much time as its last.
  return { firstOutputMs: Math.min(limitMs, stream ? firstOutputMs : totalMs), idleMs, totalMs };
}

/** The call with what a step of a chain puts on its request. */
function overridden<Request extends Asked>(call: Call<Request>, step: Step): Call<Request> {
  const request = requestIn(step, call.request);
  return request === call.request ? call : { ...call, request };
}

/** A wait shorter than what the target takes of late, as callers may want it, says nothing about the target. */
function isHasty({ reason, info }: GatewayError, latencyMs = 0): boolean {
  return reason === "PROVIDER_TIMEOUT" && info["cause"] === "first_output" && Number(info["timeoutMs"]) < latencyMs;
}

function fallsThrough({ fallThroughOn }: Step, error: GatewayError): boolean {
  return fallThroughOn === undefined ? cureOf(error) !== "none" : fallThroughOn.has(error.reason);
}

/** Whether other steps may follow one that took too long, so that some time is to be left for them. */
function goesOnLate({ fallThroughOn }: Step): boolean {
  return fallThroughOn === undefined || fallThroughOn.has("PROVIDER_TIMEOUT");
}

/** Each target once, where it stands first. */
function unique(candidates: readonly Candidate[]): readonly Candidate[] {
  if (candidates.length < 2) return candidates;
  const seen = new Set<string>();
  return candidates.filter(({ target: { selector } }) => !seen.has(selector) && seen.add(selector));
}
