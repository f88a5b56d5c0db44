import { triedOf } from "../model/attempt-record.ts";
import { blameOf } from "../model/blame.ts";
import type { Asked, Attempt, Call } from "../model/call.ts";
import type { Dispatch } from "../model/dispatch.ts";
import { GatewayError, type Reason } from "../model/error.ts";
import type { Served } from "../model/reply.ts";
import type { Target } from "../model/target.ts";
import { callsThrough, nextCredential, withCredential } from "./credential-pick.ts";
import { type HedgeLimits, type HedgeParts, Hedging, mayHedge } from "./hedging.ts";
import { History } from "./history.ts";
import { pause } from "./pause.ts";
import type { Plan, PlannedStep } from "./planner.ts";
import { Race, type Racing } from "./race.ts";
import { afterFailure, attemptShare, attemptsOf, cureOf, usefulMs, type Verdict } from "./retry.ts";
import type { Candidate, Step } from "./route.ts";
import {
  type Failure,
  type Finish,
  fallsThrough,
  goesOnLate,
  isHasty,
  overridden,
  type Repeatable,
  type Stage,
  timeoutsFor,
  unique,
} from "./stage.ts";
import { order } from "./strategies.ts";
import { viewOf } from "./view.ts";

/** What journeys share. */
export interface JourneyParts extends HedgeParts {
  /** Numbers from 0 on below 1. */
  readonly draw: () => number;
  /** Told what becomes of a failed attempt: another target, the same once more, or no repeat because there were too many. */
  readonly wentOn: (target: Target, to: "other" | "repeat" | "over_budget") => void;
  /** Told how a step of a chain ended; `reason` is undefined when it answered. */
  readonly stepped: (chain: string, step: number, reason: Reason | undefined) => void;
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
    const { route, steps, attemptsMax, refusals } = this.#plan;
    const endMs = performance.now() + (route.maxLatencyMs ?? Number.POSITIVE_INFINITY);
    let last: GatewayError | undefined;
    for (const { target, error } of refusals) this.#history.failed(target, error);
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

  #hedging(call: Call<Request>, { name, hedge: rules }: Step, limits: HedgeLimits): Hedging | undefined {
    if (rules === undefined || this.#history.tried > 0 || !mayHedge(rules, call.request)) return undefined;
    return new Hedging(this.#parts, name, rules, call, limits);
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
    const limits = {
      endMs: Math.min(endMs, performance.now() + (step.maxLatencyMs ?? Number.POSITIVE_INFINITY)),
      attemptsMax: attemptsOf(
        step.retry,
        callsThrough(untried.slice(0, own)),
        untried.length - own,
        wanted && wanted - triedBefore,
      ),
      sticky: view.sticky,
      strategy: candidates.length > 1 ? strategy : undefined,
    };
    return {
      call,
      step,
      ...limits,
      triedBefore,
      targetsAfter: goesOnLate(step)
        ? this.#plan.steps.slice(index + 1).reduce((sum, { candidates }) => sum + candidates.length, 0)
        : 0,
      untried,
      repeatable: [],
      hedging: this.#hedging(call, step, limits),
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
      if (chosen[index] !== true) twins.forEach(this.#skipped);
      return chosen[index];
    });
  }

  /** Takes note of a target that is out. */
  readonly #skipped = (target: Target): void => {
    const obstruction = this.#parts.availability.obstruction(target);
    if (obstruction !== undefined) this.#history.skipped(target, obstruction);
  };

  async #take(stage: Stage<Request>): Promise<R> {
    let candidate = this.#following(stage);
    if (candidate === undefined) throw new GatewayError("INTERNAL", "a step without targets");
    this.#parts.budget.called(this.#call.rpc.caller, candidate.target.selector);
    for (;;) {
      const finish = await this.#try(stage, candidate);
      if ("reply" in finish) return finish.reply;
      candidate = await this.#next(stage, finish, this.#verdict(stage, finish));
    }
  }

  /** The next of those that were not tried, with one of its credentials. */
  #following({ untried, sticky }: Stage<Request>): Candidate | undefined {
    const candidate = untried.shift();
    if (candidate?.twins === undefined) return candidate;
    const { availability, turns } = this.#parts;
    return withCredential(candidate, { availability, turns, sticky, skipped: this.#skipped });
  }

  /** Asks one target; others beside it if it is slow, the call may be hedged, and nothing has failed yet. */
  async #try(stage: Stage<Request>, candidate: Candidate): Promise<Finish<R>> {
    const { hedging } = stage;
    const delayMs = this.#history.tried === 0 ? hedging?.delayMs(candidate.target) : undefined;
    if (hedging !== undefined && delayMs !== undefined) return this.#race(stage, hedging).run(candidate, delayMs);
    try {
      return { candidate, reply: await this.#attempt(stage, candidate) };
    } catch (thrown) {
      return { candidate, error: GatewayError.of(thrown) };
    }
  }

  #race(stage: Stage<Request>, hedging: Hedging): Race<Request, R> {
    const attempt = (candidate: Candidate, racing: Racing<Request>) => this.#attempt(stage, candidate, racing);
    const failed = (candidate: Candidate, error: GatewayError) => {
      this.#verdict(stage, { candidate, error });
      this.#parts.wentOn(candidate.target, "other");
    };
    return new Race({ stage, hedging, history: this.#history, attempt, failed });
  }

  async #attempt(stage: Stage<Request>, { target, arm }: Candidate, racing?: Racing<Request>): Promise<R> {
    const { endMs, untried, attemptsMax, triedBefore, targetsAfter } = stage;
    const { call, failures } = racing ?? { call: stage.call, failures: this.#history.records };
    const othersHere = Math.min(untried.length, attemptsMax - 1 - (this.#history.tried - triedBefore));
    const shareMs = attemptShare(this.#leftMs(endMs), 1 + Math.max(0, othersHere) + targetsAfter);
    const limitMs = Math.max(1, Math.min(shareMs, endMs - performance.now()));
    const { readings } = this.#parts;
    const reply = await this.#dispatch({
      call,
      target,
      policy: this.#plan.route.policy,
      ...(stage.strategy === undefined ? {} : { strategy: stage.strategy }),
      ...(arm === "" ? {} : { arm }),
      ...(racing?.hedge === true ? { hedge: true } : {}),
      failures,
      timeouts: timeoutsFor(call, target, limitMs),
      freshConnection: false,
      mayRepeat: (attempts) => racing?.mayRepeat() !== false && this.#mayRepeat(stage, target, triedOf(attempts)),
    });
    const firstOutputMs = reply.firstOutputMs - reply.sentMs;
    readings.answered(target.selector, call.stream, firstOutputMs);
    if (stage.hedging !== undefined) readings.timed(target.selector, call.stream, firstOutputMs);
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
  #verdict(stage: Stage<Request>, { candidate, error }: Failure): Verdict {
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
  async #next(stage: Stage<Request>, { candidate: failed, error }: Failure, verdict: Verdict): Promise<Candidate> {
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
