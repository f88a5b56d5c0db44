import type { CompleteRequest } from "../../gen/llmhub/v1/completion_pb.ts";
import type { Asked } from "../model/call.ts";
import { GatewayError, type Reason } from "../model/error.ts";
import type { Chain, ChainStep, Policy, RetryRules, TargetFilter } from "../model/policy.ts";
import type { Target } from "../model/target.ts";
import { mismatchOf } from "./target-filter.ts";

/** A target among others. */
export interface Candidate {
  readonly target: Target;
  readonly weight: number;
  /** Arm of an experiment; empty for none. */
  readonly arm: string;
  /** The target with each credential that it may be called with, in order. Absent: there is but one. */
  readonly twins?: readonly Target[];
  /** The target is one of several twins; these may follow if its credential fails. */
  readonly spares?: readonly Target[];
  /** It is one only for requests whose needs it is known to meet. */
  readonly capable?: true;
}

/** Candidates to pick from, and what to do when one fails. */
export interface Step extends Omit<Policy, "targets" | "filter"> {
  /** Names the memory of turns: "policies/name", or the selector of a single target. */
  readonly name: string;
  /** At least one. */
  readonly candidates: readonly Candidate[];
  readonly maxLatencyMs: number | undefined;
  /** Undefined: every reason that another target may cure. */
  readonly fallThroughOn: ReadonlySet<Reason> | undefined;
  readonly overrides: Partial<CompleteRequest> | undefined;
}

/** Where a selector leads. */
export interface Route {
  /** As the caller wrote it; empty when the default was meant. */
  readonly selector: string;
  /** The first of all targets. */
  readonly target: Target;
  /** Resource name of the policy, chain or else alias on the way, such as "aliases/fast"; empty when there was none. */
  readonly policy: string;
  /** At least one. */
  readonly steps: readonly Step[];
  /** For all steps together. */
  readonly maxLatencyMs: number | undefined;
  /** Provider calls of all steps together. Absent: what each step may make. */
  readonly attemptsMax?: number;
}

/** Repeats where the configuration says nothing. */
export const retryDefault: RetryRules = { maxAttempts: undefined, initialBackoffMs: 100, maxBackoffMs: 5000 };

/** Provider calls of a chain that does not say, unless it has more steps. */
const chainAttemptsDefault = 10;

/** The route to a single target, with each of its credentials: a policy of one. */
export function plainRoute(selector: string, target: Target, twins: readonly Target[], retry: RetryRules): Route {
  const step: Step = Object.freeze({
    name: target.selector,
    strategy: "priority",
    candidates: [candidateOf(target, twins, { weight: 1, arm: "" })],
    retry,
    stickyTo: undefined,
    overridable: undefined,
    // Only targets that the caller names can follow.
    afterOutput: true,
    ...unlimited,
  });
  return Object.freeze({ selector, target, policy: "", steps: [step], maxLatencyMs: undefined });
}

/**
 * The route of a policy; undefined if a target is not to be found, which a checked configuration rules out. Throws
 * INVALID_REQUEST if its filter leaves no target.
 */
export function policyRoute(
  name: string,
  { targets, filter, ...rules }: Policy,
  find: (selector: string, credentials: readonly string[]) => readonly Target[],
): Route | undefined {
  const candidates = targets.flatMap(({ model, credentials = [], ...rest }) => {
    const twins = find(model, credentials);
    const [target] = twins;
    return target === undefined ? [] : [candidateOf(target, twins, rest)];
  });
  if (candidates.length === 0) return undefined;
  const fitting = filter === undefined ? candidates : filtered(name, candidates, filter);
  const target = fitting[0]?.target;
  if (target === undefined) return undefined;
  const step: Step = Object.freeze({ ...rules, name, candidates: fitting, ...unlimited });
  return Object.freeze({ selector: name, target, policy: name, steps: [step], maxLatencyMs: undefined });
}

/** The route of a chain: the steps of what its steps name, with what it says of each. */
export function chainRoute(
  name: string,
  { steps, maxLatencyMs, maxAttempts = Math.max(chainAttemptsDefault, steps.length) }: Chain,
  find: (selector: string) => Route | undefined,
): Route | undefined {
  const taken = steps.flatMap((step) => {
    const [led] = find(step.target)?.steps ?? [];
    return led === undefined ? [] : [Object.freeze(stepOf(step, led))];
  });
  const target = taken[0]?.candidates[0]?.target;
  if (target === undefined) return undefined;
  return Object.freeze({ selector: name, target, policy: name, steps: taken, maxLatencyMs, attemptsMax: maxAttempts });
}

/** The request as it is in a step of a chain; only completions have settings to put on. */
export function requestIn<Request extends Asked>({ overrides }: Step, request: Request): Request {
  if (overrides === undefined || request.$typeName !== "llmhub.v1.CompleteRequest") return request;
  return { ...request, ...overrides };
}

/** The targets of a route, each once, in order. */
export function targetsOf({ steps }: { readonly steps: readonly Pick<Step, "candidates">[] }): readonly Target[] {
  const targets = steps.flatMap(({ candidates }) => candidates.map(({ target }) => target));
  return [...new Map(targets.map((target) => [target.selector, target])).values()];
}

/** The candidates that the filter lets through. */
function filtered(name: string, candidates: readonly Candidate[], filter: TargetFilter): readonly Candidate[] {
  const mismatches: string[] = [];
  const fitting = candidates.filter(({ target }) => {
    const mismatch = mismatchOf(target, filter);
    if (mismatch !== undefined) mismatches.push(`${target.selector} ${mismatch}`);
    return mismatch === undefined;
  });
  if (fitting.length === 0) {
    const description = `the filter of ${name} lets none of its targets through: ${mismatches.join("; ")}`;
    throw new GatewayError("INVALID_REQUEST", description, { metadata: { policy: name } });
  }
  return filter.capable ? fitting.map((candidate) => ({ ...candidate, capable: true })) : fitting;
}

function candidateOf(
  target: Target,
  twins: readonly Target[],
  { weight, arm }: Pick<Candidate, "weight" | "arm">,
): Candidate {
  return twins.length < 2 ? { target, weight, arm } : { target, weight, arm, twins };
}

const unlimited = { maxLatencyMs: undefined, fallThroughOn: undefined, overrides: undefined };

function stepOf({ maxRetries, maxLatencyMs, fallThroughOn, overrides }: ChainStep, led: Step): Step {
  return {
    ...led,
    retry: maxRetries === undefined ? led.retry : { ...led.retry, maxAttempts: maxRetries + 1 },
    maxLatencyMs,
    fallThroughOn: fallThroughOn && new Set(fallThroughOn),
    overrides,
  };
}
