import type { Asked, Call, Timeouts } from "../model/call.ts";
import type { GatewayError } from "../model/error.ts";
import type { Strategy } from "../model/policy.ts";
import type { Target } from "../model/target.ts";
import type { Hedging } from "./hedging.ts";
import { cureOf } from "./retry.ts";
import type { Candidate, Step } from "./route.ts";

/** A target that failed and may be asked again. */
export interface Repeatable {
  readonly candidate: Candidate;
  readonly readyMs: number;
}

/** Where one step stands. */
export interface Stage<Request extends Asked> {
  readonly call: Call<Request>;
  readonly step: Step;
  /** When its time is up; Infinity where only the call's deadline bounds it. */
  readonly endMs: number;
  readonly attemptsMax: number;
  readonly triedBefore: number;
  /** What the call sticks to. */
  readonly sticky: string;
  /** How its targets are picked; undefined where there is but one. */
  readonly strategy: Strategy | undefined;
  /** Candidates of later steps. */
  readonly targetsAfter: number;
  readonly untried: Candidate[];
  readonly repeatable: Repeatable[];
  /** Undefined: the call is not hedged. */
  hedging: Hedging | undefined;
  repeats: number;
}

/** An attempt that failed. */
export interface Failure {
  readonly candidate: Candidate;
  readonly error: GatewayError;
}

/** How the attempts of a moment ended: with an answer, or with what is to be dealt with now. */
export type Finish<R> = Failure | { readonly candidate: Candidate; readonly reply: R };

/** The time limits of an attempt: those of the provider, and what the call has to spare for its first output. */
export function timeoutsFor({ stream }: Call<Asked>, { provider }: Target, limitMs: number): Timeouts {
  const { firstOutputMs, idleMs, totalMs } = provider.timeouts;
  // A whole answer comes only when it is complete, so its first output has as much time as its last.
  return { firstOutputMs: Math.min(limitMs, totalMs, stream ? firstOutputMs : totalMs), idleMs, totalMs };
}

/** A wait shorter than what the target takes of late, as callers may want it, says nothing about the target. */
export function isHasty({ reason, info }: GatewayError, latencyMs = 0): boolean {
  return reason === "PROVIDER_TIMEOUT" && info["cause"] === "first_output" && Number(info["timeoutMs"]) < latencyMs;
}

/** Whether a chain goes on with its next step after a failure. */
export function fallsThrough({ fallThroughOn }: Step, error: GatewayError): boolean {
  return fallThroughOn === undefined ? cureOf(error) !== "none" : fallThroughOn.has(error.reason);
}
