import type { Attempt as AttemptRecord } from "../../gen/llmhub/v1/routing_pb.ts";
import { attemptCount, triedOf } from "../model/attempt-record.ts";
import { blameOf } from "../model/blame.ts";
import type { Asked, Attempt, Call } from "../model/call.ts";
import type { Dispatch } from "../model/dispatch.ts";
import { GatewayError, type Reason } from "../model/error.ts";
import type { Served } from "../model/reply.ts";
import type { Target } from "../model/target.ts";
import { spanned } from "../model/trace.ts";
import { nextCredential, withCredential } from "./credential-pick.ts";
import type { HedgeParts, Hedging } from "./hedging.ts";
import { History } from "./history.ts";
import { openStage, passOver } from "./opening.ts";
import { pause } from "./pause.ts";
import type { Plan, PlannedStep } from "./planner.ts";
import { Race, type Racing } from "./race.ts";
import { afterFailure, attemptShare, cureOf, usefulMs, type Verdict } from "./retry.ts";
import type { Candidate } from "./route.ts";
import { type Failure, type Finish, fallsThrough, isHasty, type Repeatable, type Stage, timeoutsFor } from "./stage.ts";

/** What a call does after a failure: "restart" goes on with another target after output. */
export type WentOn = "other" | "repeat" | "restart" | "over_budget";

const now = () => performance.now();

/** What journeys share. */
export interface JourneyParts extends HedgeParts {
  /** Numbers from 0 on below 1. */
  readonly draw: () => number;
  /** Told what becomes of a failed attempt: another target, the same once more, or no repeat because there were too many. */
  readonly wentOn: (target: Target, to: WentOn) => void;
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
  readonly #history = new History(now);
  #answered: { readonly stage: Stage<Request>; readonly candidate: Candidate } | undefined;

  constructor(parts: JourneyParts, call: Call<Request>, plan: Plan, dispatch: Dispatch<Attempt<Request>, R>) {
    this.#parts = parts;
    this.#call = call;
    this.#plan = plan;
    this.#dispatch = dispatch;
  }

  /** Takes the steps of the plan, one after the other. Rejects with the last failure and the record of all. */
  async run(): Promise<R> {
    const { route, steps, attemptsMax, refusals } = this.#plan;
    const { maxLatencyMs } = route;
    const endMs = maxLatencyMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + maxLatencyMs;
    let last: GatewayError | undefined;
    for (const { target, error } of refusals) this.#history.failed(target, error);
    for (let index = 0; index < steps.length; index++) {
      const planned = steps[index] as PlannedStep;
      if (index > 0 && attemptsMax !== undefined && this.#history.tried >= attemptsMax) break;
      try {
        const reply = await this.#take(this.#open(planned, index, endMs));
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

  /** Whether a stream whose output broke may go on with another target of its step. */
  mayGoOn({ attempt }: Served, { reason, failure }: GatewayError): boolean {
    const { stage } = this.#answered ?? {};
    const [next] = stage?.untried ?? [];
    if (stage?.step.afterOutput !== true || next === undefined || this.#call.rpc.signal.aborted) return false;
    const latencyMs = this.#parts.readings.latencyMs(next.target.selector, this.#call.stream);
    // Without a record it was no provider that broke it.
    return (
      failure !== undefined &&
      (reason === "STREAM_INTERRUPTED" || reason === "PROVIDER_BAD_RESPONSE") &&
      attemptCount(attempt) - stage.triedBefore < stage.attemptsMax &&
      this.#leftMs(Number.POSITIVE_INFINITY) >= usefulMs(latencyMs)
    );
  }

  /** Goes on after the output of a target broke, where it may. Rejects with what ends the call, and the record of all. */
  async goOn({ attempt }: Served, error: GatewayError): Promise<R> {
    const record = error.failure?.attempts.at(-1);
    if (this.#answered === undefined || record === undefined) throw error;
    const { stage, candidate } = this.#answered;
    this.#history.broke(attempt.failures, record);
    this.#parts.wentOn(candidate.target, "restart");
    this.#call.rpc.span?.event("llmhub.restart", { "error.type": error.reason });
    try {
      // The time until the first output has been kept: it came.
      return await this.#take({ ...stage, endMs: Number.POSITIVE_INFINITY, hedging: undefined });
    } catch (thrown) {
      const last = GatewayError.of(thrown);
      const isOver = this.#call.rpc.signal.aborted || last.reason === "INTERNAL";
      throw this.#history.endingAfterOutput(this.#call.id, isOver ? last : error);
    }
  }

  /** Of the attempts so far. */
  get records(): readonly AttemptRecord[] {
    return this.#history.records;
  }

  #stepped({ number }: PlannedStep, reason: Reason | undefined): void {
    const { policy } = this.#plan.route;
    if (policy.startsWith("chains/")) this.#parts.stepped(policy, number, reason);
  }

  #open(planned: PlannedStep, index: number, endMs: number): Stage<Request> {
    const opening = { call: this.#call, plan: this.#plan, parts: this.#parts, history: this.#history };
    return openStage(opening, planned, index, endMs);
  }

  async #take(stage: Stage<Request>): Promise<R> {
    let candidate = this.#following(stage);
    if (candidate === undefined) throw new GatewayError("INTERNAL", "a step without targets");
    this.#parts.budget.called(this.#call.rpc.caller, candidate.target.selector);
    for (;;) {
      const finish = await this.#try(stage, candidate);
      if ("reply" in finish) {
        this.#answered = { stage, candidate: finish.candidate };
        return finish.reply;
      }
      candidate = await this.#next(stage, finish, this.#verdict(stage, finish));
    }
  }

  /** The next of those that were not tried, with one of its credentials. */
  #following({ untried, sticky }: Stage<Request>): Candidate | undefined {
    const candidate = untried.shift();
    if (candidate?.twins === undefined) return candidate;
    const { availability, turns } = this.#parts;
    const skipped = (target: Target) => passOver({ availability, history: this.#history }, target);
    return withCredential(candidate, { availability, turns, sticky, skipped });
  }

  /** Asks one target; others beside it if it is slow, the call may be hedged, and nothing has failed yet. */
  async #try(stage: Stage<Request>, candidate: Candidate): Promise<Finish<R>> {
    const { hedging } = stage;
    const delayMs = this.#history.tried === 0 ? hedging?.delayMs(candidate.target) : undefined;
    if (hedging !== undefined && delayMs !== undefined) return this.#race(stage, hedging).run(candidate, delayMs);
    try {
      const reply = await this.#attempt(stage, candidate);
      this.#answers(stage, candidate, reply);
      return { candidate, reply };
    } catch (thrown) {
      return { candidate, error: GatewayError.of(thrown) };
    }
  }

  #race(stage: Stage<Request>, hedging: Hedging): Race<Request, R> {
    const attempt = async (candidate: Candidate, racing: Racing<Request>) => {
      const reply = await this.#attempt(stage, candidate, racing);
      this.#answers(stage, candidate, reply);
      return reply;
    };
    const failed = (candidate: Candidate, error: GatewayError) => {
      this.#verdict(stage, { candidate, error });
      this.#parts.wentOn(candidate.target, "other");
    };
    return new Race({ stage, hedging, history: this.#history, attempt, failed });
  }

  #attempt(stage: Stage<Request>, { target, arm }: Candidate, racing?: Racing<Request>): Promise<R> {
    const { call, failures } = racing ?? { call: stage.call, failures: this.#history.records };
    return this.#dispatch({
      call,
      target,
      policy: this.#plan.route.policy,
      strategy: stage.strategy,
      arm: arm || undefined,
      hedge: racing?.hedge || undefined,
      failures,
      timeouts: timeoutsFor(call, target, this.#outputMs(stage)),
      freshConnection: false,
      tellsTrace: stage.step.tellsTrace ?? target.provider.tellsTrace,
      mayRepeat: (attempts) => racing?.mayRepeat() !== false && this.#mayRepeat(stage, target, triedOf(attempts)),
    });
  }

  /** Time for the first output of the next attempt, so that some is left for those after it. */
  #outputMs({ endMs, untried, attemptsMax, triedBefore, targetsAfter }: Stage<Request>): number {
    const others = Math.min(untried.length, attemptsMax - 1 - (this.#history.tried - triedBefore));
    const targetsLeft = 1 + Math.max(0, others) + targetsAfter;
    if (targetsLeft === 1 && endMs === Number.POSITIVE_INFINITY) return endMs;
    const shareMs = attemptShare(this.#leftMs(endMs), targetsLeft);
    return Math.max(1, Math.min(shareMs, endMs - performance.now()));
  }

  /** Learns from a reply, now and when it ends. */
  #answers({ call, hedging }: Stage<Request>, { target }: Candidate, reply: R): void {
    const { readings } = this.#parts;
    const firstOutputMs = reply.firstOutputMs - reply.sentMs;
    readings.answered(target.selector, call.stream, firstOutputMs);
    if (hedging !== undefined) readings.timed(target.selector, call.stream, firstOutputMs);
    void reply.outcome.then(({ error }) => {
      if (error !== undefined && blameOf(error, target.provider) !== undefined) readings.failed(target.selector);
    });
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
    if (called && cure === "repeat") {
      // Its other credentials go with the one that is next: none is asked twice as if it were new.
      const repeated = spare === undefined ? candidate : { ...candidate, spares: [] };
      stage.repeatable.push({ candidate: repeated, readyMs: nowMs + (error.hintMs ?? 0) });
    }
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
    const { span } = this.#call.rpc;
    if (verdict.next === "other") {
      span?.event("llmhub.failover", { "error.type": error.reason, "llmhub.model": candidate.target.selector });
      budget.called(caller, candidate.target.selector);
      wentOn(failed.target, "other");
      return candidate;
    }
    const allowed = budget.take(caller, candidate.target.selector);
    wentOn(failed.target, allowed ? "repeat" : "over_budget");
    if (!allowed) throw error;
    stage.repeats += 1;
    span?.event("llmhub.retry", { "error.type": error.reason, "llmhub.model": candidate.target.selector });
    await spanned(span, "pause before retry", () => pause(verdict.afterMs, signal));
    return candidate;
  }

  /** Of the call, and of what it may take until its first output. */
  #leftMs(endMs: number): number {
    return Math.min(this.#call.rpc.deadlineMs, endMs) - performance.now();
  }
}
