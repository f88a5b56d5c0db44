import { BadRequestSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { type RoutingOptions, RoutingStrategy } from "../../gen/llmhub/v1/routing_pb.ts";
import type { Asked, Call, Caller } from "../model/call.ts";
import { GatewayError } from "../model/error.ts";
import { type Overridable, type Strategy, strategies } from "../model/policy.ts";
import type { Target } from "../model/target.ts";
import { refusalOf } from "./eligibility.ts";
import { type Need, needsOf, unmetBy } from "./needs.ts";
import { resolveFor } from "./permission.ts";
import { type Candidate, type Route, requestIn, type Step, targetsOf } from "./route.ts";
import type { Router } from "./router.ts";

/** A step as it is for one call. */
export interface PlannedStep {
  readonly step: Step;
  /** Counted from 1 among all steps of the route, those left out of the plan included. */
  readonly number: number;
  readonly strategy: Strategy;
  /** Those of the step that the call may use, to be ordered by the strategy. At least one, unless there are fallbacks. */
  readonly candidates: readonly Candidate[];
  /** Those that the caller names, to be tried after them as they are. */
  readonly fallbacks: readonly Candidate[];
}

/** A target that is none for a request. */
interface Refusal {
  readonly target: Target;
  readonly error: GatewayError;
}

/** Where a call goes, after the caller's permission and the caller's own wishes have been heard. */
export interface Plan {
  readonly route: Route;
  /** At least one. */
  readonly steps: readonly PlannedStep[];
  /** Provider calls that the caller and the chain allow. */
  readonly attemptsMax: number | undefined;
  /** Targets that the request rules out, and why. */
  readonly refusals: readonly Refusal[];
}

/** Plans a call. Throws why no target is left for it. */
export function planOf(router: Router, { request, rpc }: Pick<Call<Asked>, "request" | "rpc">): Plan {
  const route = resolveFor(router, rpc.caller, request.model);
  const { routing } = request;
  if (routing !== undefined) refuseOverrides(route, routing, "");
  const fallbacks = routing === undefined ? none : fallbacksOf(router, rpc.caller, route, routing);
  const sieve = new Sieve(request);
  const wanted = wantedOf(routing);
  const steps: PlannedStep[] = [];
  for (let index = 0; index < route.steps.length; index++) {
    const step = route.steps[index] as Step;
    const planned = {
      step,
      number: index + 1,
      strategy: wanted ?? step.strategy,
      candidates: sieve.fitting(step.candidates, step),
      fallbacks: index === route.steps.length - 1 ? sieve.fitting(fallbacks, step) : none,
    };
    if (planned.candidates.length + planned.fallbacks.length > 0) steps.push(planned);
  }
  const { refusals } = sieve;
  if (steps.length === 0 && refusals.length > 0) throw tellingOf(refusals);
  if (request.$typeName === "llmhub.v1.EmbedRequest") refuseOtherVectors(route, steps);
  return { route, steps, attemptsMax: leastOf(routing?.maxAttempts, route.attemptsMax), refusals };
}

const none: readonly never[] = [];

/** Tells the candidates that a request may use from those it may not. */
class Sieve {
  readonly #request: Asked;
  readonly refusals: Refusal[] = [];
  #needs: readonly Need[] | undefined;

  constructor(request: Asked) {
    this.#request = request;
  }

  /** The candidates of a step that may be used; the same list where that is all. */
  fitting(candidates: readonly Candidate[], step: Step): readonly Candidate[] {
    const asked = requestIn(step, this.#request);
    let fitting: Candidate[] | undefined;
    for (let index = 0; index < candidates.length; index++) {
      const candidate = candidates[index] as Candidate;
      const error = this.#refusal(candidate, asked);
      if (error === undefined) {
        fitting?.push(candidate);
        continue;
      }
      this.refusals.push({ target: candidate.target, error });
      fitting ??= candidates.slice(0, index);
    }
    return fitting ?? candidates;
  }

  #refusal({ target, capable }: Candidate, asked: Asked): GatewayError | undefined {
    const error = refusalOf(target, asked);
    if (error !== undefined || capable !== true) return error;
    this.#needs ??= needsOf(this.#request);
    return unmetBy(target, this.#needs);
  }
}

/** The refusal to tell of: where the price forbids, that of the cheapest target. */
function tellingOf(refusals: readonly Refusal[]): GatewayError | undefined {
  const priced = refusals.flatMap(({ error }) => {
    const nanos = error.info["lowestCostNanos"] ?? "unknown";
    return nanos === "unknown" ? [] : [{ error, nanos: BigInt(nanos) }];
  });
  priced.sort((a, b) => (a.nanos < b.nanos ? -1 : Number(a.nanos > b.nanos)));
  return priced[0]?.error ?? refusals[0]?.error;
}

function leastOf(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);
}

/** The targets that may answer, each once, in the order in which they are given. */
export function prospectsOf({ steps }: Plan): readonly Target[] {
  return targetsOf({
    steps: steps.map(({ candidates, fallbacks }) => ({ candidates: [...candidates, ...fallbacks] })),
  });
}

const numbers: Readonly<Record<Strategy, RoutingStrategy>> = {
  priority: RoutingStrategy.PRIORITY,
  "round-robin": RoutingStrategy.ROUND_ROBIN,
  weighted: RoutingStrategy.WEIGHTED,
  "lowest-cost": RoutingStrategy.LOWEST_COST,
  "lowest-latency": RoutingStrategy.LOWEST_LATENCY,
  healthiest: RoutingStrategy.HEALTHIEST,
};

/** The strategy as callers know it. */
export function strategyOf(strategy: Strategy | undefined): RoutingStrategy {
  return strategy === undefined ? RoutingStrategy.UNSPECIFIED : numbers[strategy];
}

/** Undefined: the caller names none. */
function wantedOf(routing: RoutingOptions | undefined): Strategy | undefined {
  const wanted = routing?.strategy ?? RoutingStrategy.UNSPECIFIED;
  return wanted === RoutingStrategy.UNSPECIFIED ? undefined : strategies.find((name) => numbers[name] === wanted);
}

/** Field and whether the caller uses it, by the name in configuration. */
const used: Readonly<Record<Overridable, readonly [field: string, isUsed: (options: RoutingOptions) => boolean]>> = {
  strategy: ["strategy", ({ strategy }) => strategy !== RoutingStrategy.UNSPECIFIED],
  allowedProviders: ["allowed_providers", ({ allowedProviders }) => allowedProviders.length > 0],
  deniedProviders: ["denied_providers", ({ deniedProviders }) => deniedProviders.length > 0],
  fallbackModels: ["fallback_models", ({ fallbackModels }) => fallbackModels.length > 0],
  maxAttempts: ["max_attempts", ({ maxAttempts }) => maxAttempts !== undefined],
  attemptTimeout: ["attempt_timeout", ({ attemptTimeout }) => attemptTimeout !== undefined],
  firstOutputTimeout: ["first_output_timeout", ({ firstOutputTimeout }) => firstOutputTimeout !== undefined],
  maxCost: ["max_cost", ({ maxCost }) => maxCost !== undefined],
  regions: ["regions", ({ regions }) => regions.length > 0],
  affinityKey: ["affinity_key", ({ affinityKey }) => affinityKey !== ""],
  hedge: ["hedge", ({ hedge }) => hedge !== undefined],
};

/**
 * A wish that the policy does not grant is refused, not dropped: the caller relies on it. `granted` is one that it need
 * not grant.
 */
function refuseOverrides({ policy, steps }: Route, options: RoutingOptions, granted: Overridable | ""): void {
  for (const { overridable } of steps) {
    if (overridable === undefined) continue;
    for (const [name, [field, isUsed]] of Object.entries(used)) {
      if (name === granted || !isUsed(options) || overridable.some((allowed) => allowed === name)) continue;
      throw invalid(`routing.${field}`, `${policy} does not let callers set routing.${field}`, "NOT_OVERRIDABLE");
    }
  }
}

/** The candidates of all models that the caller names to be tried when the others cannot answer. */
function fallbacksOf(router: Router, caller: Caller, route: Route, routing: RoutingOptions): readonly Candidate[] {
  return routing.fallbackModels.flatMap((model) => fallbackOf(route, resolveFor(router, caller, model), routing));
}

/** The candidates of a model that is to be tried when the others cannot answer. A chain is more than a list of those. */
function fallbackOf(route: Route, fallback: Route, routing: RoutingOptions): readonly Candidate[] {
  // To be named as a fallback is a wish to the other policy, not to this one.
  refuseOverrides(fallback, routing, "fallbackModels");
  const chain = [route, fallback].find(({ policy }) => policy.startsWith("chains/"));
  if (chain === undefined) return fallback.steps.flatMap(({ candidates }) => candidates);
  const description = `${chain.policy} says itself what to try next. Leave routing.fallback_models out, or name models`;
  throw invalid("routing.fallback_models", description, "CHAIN");
}

/** Vectors of two models cannot be compared, so failover must not change the model. */
function refuseOtherVectors({ target }: Route, steps: readonly PlannedStep[]): void {
  const all = steps.flatMap(({ candidates, fallbacks }) => [...candidates, ...fallbacks]);
  const other = all.find((candidate) => candidate.target.model !== target.model)?.target;
  if (other === undefined) return;
  const description =
    `${target.selector} and ${other.selector} give vectors that cannot be compared. ` +
    "Embed with one model, or with targets whose models have the same name";
  throw invalid("model", description, "OTHER_VECTORS");
}

function invalid(field: string, description: string, reason: string): GatewayError {
  return new GatewayError("INVALID_REQUEST", description, { metadata: { violations: "1" } }).detail(BadRequestSchema, {
    fieldViolations: [{ field, description, reason }],
  });
}
