import type { CompleteRequest } from "../../gen/llmhub/v1/completion_pb.ts";
import type { Reason } from "./error.ts";

/** How a target is picked among candidates, by the names of configuration files. */
export const strategies = [
  "priority",
  "round-robin",
  "weighted",
  "lowest-cost",
  "lowest-latency",
  "healthiest",
] as const;

/** One way of picking. */
export type Strategy = (typeof strategies)[number];

/** What picks stick to, so that calls that share it prefer the same target. */
export const stickyKeys = ["api-key", "end-user", "affinity", "prompt"] as const;

/** Whose calls stay together: those of a key, of an end user, of an affinity key, or with the same beginning of a prompt. */
export type StickyKey = (typeof stickyKeys)[number];

/** Fields of RoutingOptions that a policy may keep callers from using. */
export const overridables = [
  "strategy",
  "allowedProviders",
  "deniedProviders",
  "fallbackModels",
  "maxAttempts",
  "attemptTimeout",
  "firstOutputTimeout",
  "maxCost",
  "affinityKey",
  "regions",
  "hedge",
] as const;

/** One such field. */
export type Overridable = (typeof overridables)[number];

/** Failures after which a chain may go on with its next step. */
export const fallThroughReasons = [
  "PROVIDER_UNAVAILABLE",
  "PROVIDER_OVERLOADED",
  "PROVIDER_TIMEOUT",
  "PROVIDER_RATE_LIMITED",
  "PROVIDER_QUOTA_EXHAUSTED",
  "PROVIDER_CREDENTIAL_INVALID",
  "PROVIDER_MODEL_NOT_FOUND",
  "PROVIDER_BAD_RESPONSE",
  "PROVIDER_CONTENT_FILTERED",
  "PROVIDER_INVALID_REQUEST",
  "CONTEXT_LENGTH_EXCEEDED",
  "CAPABILITY_UNSUPPORTED",
  "MODEL_NOT_FOUND",
  "FEATURE_DISABLED",
  "NO_HEALTHY_TARGET",
] as const satisfies readonly Reason[];

/** How often and how patiently a call is repeated. */
export interface RetryRules {
  /** Provider calls at most, the first included. Undefined: three, or one for each target if there are more. */
  readonly maxAttempts: number | undefined;
  /** Bound of the wait before a target is asked again; doubles from one time to the next. */
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
}

/** A target that a policy names. */
export interface PolicyTarget {
  /** "openai/gpt-4o". */
  readonly model: string;
  /** Share of calls where picks go by weight; 0 is for failover only. */
  readonly weight: number;
  /** Arm of an experiment, for reports; empty for none. */
  readonly arm: string;
  /** Names of the credentials that it may be called with. Absent: all of the provider. */
  readonly credentials?: readonly string[] | undefined;
}

/** When another target is asked while the first is slow. */
export interface HedgeRules {
  /** Undefined: the 95th percentile of the time to first output of the target that is waited for. */
  readonly delayMs: number | undefined;
  /** Targets asked at the same time. */
  readonly parallelMax: number;
  /** Hedges for each call, 0 to 1. */
  readonly ratioMax: number;
  /** What hedges may cost in a minute, in billionths of a dollar; undefined: anything. */
  readonly nanosPerMinuteMax: bigint | undefined;
  /** Only calls that ask for it. */
  readonly optIn: boolean;
}

/** What targets of a policy must be like; what is not known of a target does not count as met. */
export interface TargetFilter {
  /** Any of these, as in RoutingOptions. Empty: anywhere. */
  readonly regions: readonly string[];
  /** All of these. */
  readonly tags: readonly string[];
  /** All of these, as in ModelFacts. */
  readonly features: readonly string[];
  /** Bounds of the base prices, in billionths of a dollar for a million tokens. */
  readonly inputNanosMax: bigint | undefined;
  readonly outputNanosMax: bigint | undefined;
  /** Whether a target must be known to have what a request needs: tools, a schema, kinds of input. */
  readonly capable: boolean;
}

/** How to pick among targets for one logical model. */
export interface Policy {
  readonly strategy: Strategy;
  /** At least one, in order of preference. */
  readonly targets: readonly PolicyTarget[];
  /** Absent: all targets count. */
  readonly filter?: TargetFilter | undefined;
  readonly retry: RetryRules;
  readonly stickyTo: StickyKey | undefined;
  /** Undefined: callers may use every field of RoutingOptions. */
  readonly overridable: readonly Overridable[] | undefined;
  /** Whether streams that break after output may go on with another target, for callers who allow it. */
  readonly afterOutput?: boolean;
  /** Undefined: never. */
  readonly hedge?: HedgeRules | undefined;
  /** Whether providers are told where calls stand in their trace. Undefined: as is said of each provider. */
  readonly tellsTrace?: boolean | undefined;
}

/** One step of a chain. */
export interface ChainStep {
  /** "openai/gpt-4o" or "policies/name". */
  readonly target: string;
  /** Provider calls after the first. Undefined: as the policy says. */
  readonly maxRetries: number | undefined;
  /** Time for this step with its retries, until its first output. */
  readonly maxLatencyMs: number | undefined;
  /** Undefined: every reason that another target may cure. */
  readonly fallThroughOn: readonly Reason[] | undefined;
  /** Fields that are put on the request in this step. */
  readonly overrides: Partial<CompleteRequest> | undefined;
}

/** Steps to try one after the other. */
export interface Chain {
  /** Provider calls of all steps together. Absent: ten, or one for each step if there are more. */
  readonly maxAttempts?: number | undefined;
  /** Time for all steps together, until the first output. */
  readonly maxLatencyMs: number | undefined;
  readonly steps: readonly ChainStep[];
}
