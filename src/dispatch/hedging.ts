import type { Attempt as AttemptRecord } from "../../gen/llmhub/v1/routing_pb.ts";
import type { Availability } from "../model/availability.ts";
import type { Asked, Call } from "../model/call.ts";
import type { HedgeRules } from "../model/policy.ts";
import { chargesOf } from "../model/sum.ts";
import type { Target } from "../model/target.ts";
import { withCredential } from "./credential-pick.ts";
import { expectedCost } from "./eligibility.ts";
import type { HedgeBudget, HedgeRefusal } from "./hedge-budget.ts";
import type { Readings } from "./readings.ts";
import { usefulMs } from "./retry.ts";
import type { RetryBudget } from "./retry-budget.ts";
import type { Candidate } from "./route.ts";
import type { Turns } from "./view.ts";

/** What became of a hedge, or why there was none. */
export type HedgeOutcome = "won" | "lost" | "failed" | HedgeRefusal | "over_budget";

/** What hedges of all calls share. */
export interface HedgeParts {
  readonly availability: Availability;
  readonly readings: Readings;
  readonly budget: RetryBudget;
  readonly hedges: HedgeBudget;
  readonly turns: Turns;
  /** Told of each hedge, once, and of each that a cap forbids; the target is the one of the hedge. */
  readonly hedged: (target: Target, outcome: HedgeOutcome) => void;
}

/** What one call may do. */
export interface HedgeLimits {
  readonly endMs: number;
  readonly attemptsMax: number;
  /** What the call sticks to. */
  readonly sticky: string;
}

/** Whether a call may be sent twice at once: nothing happens but that an answer is made, and the caller does not mind. */
export function mayHedge({ optIn }: HedgeRules, request: Asked): boolean {
  const { routing } = request;
  if (routing?.hedge === false || (optIn && routing?.hedge !== true)) return false;
  if (request.$typeName !== "llmhub.v1.CompleteRequest") return true;
  // Options can ask for what a provider does besides: run tools, keep the answer.
  const hasOptions = Object.keys(request.providerOptions).length > 0;
  return !hasOptions && !request.tools.some(({ kind }) => kind.case === "providerTool");
}

/** Whether what slows the one may leave the other alone: another address, or another credential. */
export function isElsewhere({ provider: one }: Target, { provider: other }: Target): boolean {
  if (one.account === undefined || other.account === undefined) return one.id !== other.id;
  return one.account !== other.account;
}

/** Decides about the hedges of one call in one step, and pays for them. */
export class Hedging {
  readonly rules: HedgeRules;
  readonly #parts: HedgeParts;
  readonly #policy: string;
  readonly #call: Call<Asked>;
  readonly #limits: HedgeLimits;
  #settle: ((actual: bigint) => void)[] = [];

  /** @param policy names the budget. */
  constructor(parts: HedgeParts, policy: string, rules: HedgeRules, call: Call<Asked>, limits: HedgeLimits) {
    this.rules = rules;
    this.#parts = parts;
    this.#policy = policy;
    this.#call = call;
    this.#limits = limits;
    parts.hedges.called(policy, rules);
  }

  /** How long a target may take before another is asked; undefined: too little is known of it. */
  delayMs({ selector }: Target): number | undefined {
    return this.rules.delayMs ?? this.#parts.readings.slowMs(selector, this.#call.stream);
  }

  /**
   * Takes the candidate to ask beside those that are slow: one that was not tried, or else one of them with another of its
   * credentials, which has their spares then. Undefined: none may be asked.
   */
  next(untried: Candidate[], slow: readonly Candidate[]): Candidate | undefined {
    const [first] = slow;
    if (first === undefined || slow.length >= this.#limits.attemptsMax) return undefined;
    const targets = slow.map(({ target }) => target);
    const index = untried.findIndex((each) => this.#open(each, targets).length > 0);
    const chosen = untried[index];
    const candidate = chosen === undefined ? this.#spareOf(slow, targets) : this.#picked(chosen, targets);
    if (candidate === undefined) return undefined;
    const { budget, hedges, hedged } = this.#parts;
    const { target } = candidate;
    const isCapped = this.rules.nanosPerMinuteMax !== undefined;
    const nanos = isCapped ? expectedCost(target, this.#call.request)?.amountNanos : 0n;
    const { caller } = this.#call.rpc;
    // The budget of the slow target: it has the calls of which a tenth may be more than one.
    const refusal =
      hedges.refusalOf(this.#policy, this.rules, nanos) ??
      (budget.take(caller, first.target.selector) ? undefined : "over_budget");
    if (refusal !== undefined) {
      hedged(target, refusal);
      return undefined;
    }
    budget.called(caller, target.selector);
    this.#settle.push(hedges.take(this.#policy, nanos ?? 0n));
    if (chosen !== undefined) untried.splice(index, 1);
    return candidate;
  }

  /** Takes note of how long a target was waited for in vain: without it the slowest answers would be missing. */
  outrun({ selector }: Target, waitedMs: number): void {
    this.#parts.readings.timed(selector, this.#call.stream, waitedMs);
  }

  /** Takes note of how a hedge ended. */
  ended({ target }: Candidate, outcome: HedgeOutcome): void {
    this.#parts.hedged(target, outcome);
  }

  /** The hedges are over; `wasted` are the attempts that they made one too many. What has no price costs what was expected. */
  settle(wasted: readonly AttemptRecord[]): void {
    const [first, ...others] = this.#settle;
    const { usage, cost } = chargesOf(wasted);
    if (first === undefined || (usage !== undefined && cost === undefined)) return;
    this.#settle = [];
    first(cost?.total?.amountNanos ?? 0n);
    for (const settle of others) settle(0n);
  }

  #picked(chosen: Candidate, slow: readonly Target[]): Candidate {
    if (chosen.twins === undefined) return chosen;
    const { availability, turns } = this.#parts;
    const { sticky } = this.#limits;
    // None that is out is among them.
    const skipped = () => undefined;
    return withCredential({ ...chosen, twins: this.#open(chosen, slow) }, { availability, turns, sticky, skipped });
  }

  #spareOf(slow: readonly Candidate[], targets: readonly Target[]): Candidate | undefined {
    for (const { spares = [], ...rest } of slow) {
      const [target] = this.#open({ ...rest, twins: spares }, targets);
      if (target !== undefined) return { ...rest, target, spares: spares.filter((spare) => spare !== target) };
    }
    return undefined;
  }

  /** What of a candidate may be asked now: its target, or some of its twins. */
  #open({ target, twins = [target] }: Candidate, slow: readonly Target[]): readonly Target[] {
    const { availability, readings } = this.#parts;
    const leftMs = Math.min(this.#call.rpc.deadlineMs, this.#limits.endMs) - performance.now();
    if (leftMs < usefulMs(readings.latencyMs(target.selector, this.#call.stream))) return [];
    return twins.filter((twin) => slow.every((each) => isElsewhere(each, twin)) && availability.waitMs(twin) <= 0);
  }
}
