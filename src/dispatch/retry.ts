import type { GatewayError, Reason } from "../model/error.ts";
import type { RetryRules } from "../model/policy.ts";

/** Longest time that a provider's word is waited for; who asks for more is not asked again. */
const hintMsMax = 60_000;
/** With less than this left of a call's time, no attempt is of use. */
const usefulMsMin = 100;
/** Least time for the first output of an attempt while there are other targets. */
const shareMsMin = 250;
/** Part of a call's time that is kept back for what is not an attempt. */
const reservePart = 0.1;
/** Provider calls of a call, unless something else is said. */
const attemptsDefault = 3;
/** Provider calls of a call at most, however many targets there are. */
const attemptsMax = 10;

/** What may mend a failure: the same again, another target only, or nothing. */
type Cure = "repeat" | "other" | "none";

const cures: Partial<Record<Reason, Cure>> = {
  PROVIDER_UNAVAILABLE: "repeat",
  PROVIDER_OVERLOADED: "repeat",
  PROVIDER_TIMEOUT: "repeat",
  PROVIDER_RATE_LIMITED: "repeat",
  PROVIDER_BAD_RESPONSE: "repeat",
  PROVIDER_QUOTA_EXHAUSTED: "other",
  PROVIDER_CREDENTIAL_INVALID: "other",
  PROVIDER_MODEL_NOT_FOUND: "other",
  MODEL_NOT_FOUND: "other",
  CAPABILITY_UNSUPPORTED: "other",
  FEATURE_DISABLED: "other",
  GATEWAY_OVERLOADED: "other",
  NO_HEALTHY_TARGET: "other",
};

/** Causes that a repeat does not change: a certificate, a redirect. */
const lastingCauses: ReadonlySet<string | undefined> = new Set(["tls", "redirect"]);

/** What may mend a failure before the first output. */
export function cureOf({ reason, info, retryMs }: GatewayError): Cure {
  const cure = cures[reason] ?? "none";
  // A provider that forbids a repeat says nothing about others.
  const lasts = lastingCauses.has(info["cause"]) || retryMs === undefined;
  return cure === "repeat" && lasts ? "other" : cure;
}

/** Where a call stands when an attempt has failed. */
export interface Progress {
  /** Provider calls so far. */
  readonly attempts: number;
  /** Provider calls that the call may make. */
  readonly attemptsMax: number;
  /** Targets that have not been tried. */
  readonly othersLeft: number;
  /** Repeats of targets that were made already. */
  readonly repeats: number;
  /** When the targets that a repeat may help asked to be called again, in milliseconds from now; at most 0: at once. */
  readonly readyInMs: readonly number[];
  /** Until the call's time is up. */
  readonly leftMs: number;
  /** Least time that the next attempt needs to be of use. */
  readonly usefulMs: number;
}

/** What to do after a failure. `index` is that of the target in `readyInMs`. */
export type Verdict =
  | { readonly next: "other" }
  | { readonly next: "repeat"; readonly index: number; readonly afterMs: number }
  | { readonly next: "stop" };

const stop: Verdict = { next: "stop" };

/**
 * What to do after a failure: go to a target that was not tried, at once; else ask one again after a random time below a
 * bound that doubles (full jitter), but not before the provider wants it; else stop. `draw` gives numbers from 0 on
 * below 1.
 */
export function afterFailure(cure: Cure, progress: Progress, rules: RetryRules, draw: () => number): Verdict {
  const { attempts, othersLeft, repeats, readyInMs, leftMs, usefulMs } = progress;
  if (cure === "none" || attempts >= progress.attemptsMax || leftMs < usefulMs) return stop;
  if (othersLeft > 0) return { next: "other" };
  if (readyInMs.length === 0) return stop;
  const soonestMs = Math.min(...readyInMs);
  if (soonestMs > hintMsMax) return stop;
  const boundMs = Math.min(rules.maxBackoffMs, rules.initialBackoffMs * 2 ** repeats);
  const afterMs = Math.max(soonestMs, draw() * boundMs);
  if (afterMs + usefulMs > leftMs) return stop;
  return { next: "repeat", index: readyInMs.indexOf(soonestMs), afterMs };
}

/** Least time in which an attempt may be of use: half of what the target takes of late, and at least a tenth of a second. */
export function usefulMs(latencyMs = 0): number {
  return Math.max(usefulMsMin, latencyMs / 2);
}

/**
 * Provider calls that a call may make: by the rules, or enough for each target; one more for each target that the caller
 * names; and no more than the caller wants.
 */
export function attemptsOf({ maxAttempts }: RetryRules, own: number, named: number, wanted = attemptsMax): number {
  return Math.min(wanted, attemptsMax, (maxAttempts ?? Math.max(attemptsDefault, own)) + named);
}

/**
 * Time for the first output of an attempt, so that some is left for the targets after it; at least a quarter of a second.
 * The last target has all that is left.
 */
export function attemptShare(leftMs: number, targetsLeft: number): number {
  if (targetsLeft < 2) return Number.POSITIVE_INFINITY;
  return Math.max(shareMsMin, ((1 - reservePart) * leftMs) / targetsLeft);
}
