import * as v from "valibot";
import { fallThroughReasons, overridables, stickyKeys, strategies } from "../model/policy.ts";
import { filter } from "./filter-section.ts";
import { hedge } from "./hedge-section.ts";
import { duration, integer, pattern } from "./scalar.ts";
import { section } from "./section.ts";

/** Targets of a policy and steps of a chain, at most. */
const entriesMax = 16;
const attemptsMax = 10;

const policyName = pattern(
  /^[A-Za-z][A-Za-z0-9._:@-]{0,254}$/,
  'must be a name: a letter, then letters, digits, dots, :, @, - or _, and no "/"',
  "Name behind policies/ or chains/.",
);

const backoffTexts = {
  initial: "Bound of the random wait before a target is asked again; doubles from one time to the next.",
  max: "Highest bound.",
};

/** How calls are repeated that no policy leads. */
export const retry = section("How calls are repeated that no policy leads, before any output.", {
  maxAttempts: v.optional(
    integer(
      1,
      attemptsMax,
      "Provider calls at most, the first included; one more for each of routing.fallback_models. 1: no repeat, also " +
        "not with another credential. Absent: 3, or one for each credential.",
    ),
  ),
  initialBackoff: v.optional(duration(backoffTexts.initial), "100ms"),
  maxBackoff: v.optional(duration(backoffTexts.max), "5s"),
});

const policyTarget = section("A target of a policy.", {
  model: pattern(/^[A-Za-z0-9._:@/-]{1,256}$/, 'must be "provider/model"', '"provider/model".'),
  weight: v.optional(
    integer(0, 1_000_000, "Share of calls where picks go by weight; 0: only when the others fail. Absent: 1."),
    1,
  ),
  arm: v.optional(
    pattern(
      /^[A-Za-z0-9._-]{1,64}$/,
      "must be letters, digits, dots, - or _, at most 64",
      "Arm of an experiment, for answers and logs.",
    ),
  ),
  credentials: v.optional(
    v.pipe(
      v.array(v.string()),
      v.minLength(1, "needs at least one name"),
      v.description("Names of the provider's credentials that it may be called with. Absent: all."),
    ),
  ),
});

function entries<Entry extends v.GenericSchema>(entry: Entry, description: string) {
  return v.pipe(
    v.array(entry),
    v.minLength(1, "needs at least one entry"),
    v.maxLength(entriesMax, `must not have more than ${entriesMax} entries`),
    v.description(description),
  );
}

const policy = section("How to pick among targets for one logical model.", {
  strategy: v.optional(
    v.pipe(
      v.picklist([...strategies, "failover"]),
      v.description(
        "priority, or failover: the first that works. round-robin: in turn. weighted: at random by weight. lowest-cost: for the " +
          "expected tokens. lowest-latency: to the first output, of late. healthiest: with the fewest failures of late.",
      ),
    ),
    "priority",
  ),
  targets: entries(policyTarget, "Targets, in order of preference."),
  filter: v.optional(filter),
  maxAttempts: v.optional(
    integer(
      1,
      attemptsMax,
      "Provider calls at most, the first included; 1: no failover. Absent: 3, or one for each target and credential.",
    ),
  ),
  initialBackoff: v.optional(duration(backoffTexts.initial)),
  maxBackoff: v.optional(duration(backoffTexts.max)),
  stickyTo: v.optional(
    v.pipe(
      v.picklist(stickyKeys),
      v.description(
        "Calls that share this prefer the same target: the API key, end_user_id, routing.affinity_key, or the beginning " +
          "of the prompt. Of priority and lowest-cost, which prefer the same target for all, only the credentials. Absent: affinity.",
      ),
    ),
  ),
  overridable: v.optional(
    v.pipe(
      v.array(v.picklist(overridables)),
      v.description("Fields of routing that callers may set; others are refused. Absent: all."),
    ),
  ),
  afterOutput: v.optional(
    v.pipe(
      v.boolean(),
      v.description("A stream that breaks begins anew with another target, for callers who set allow_restart."),
    ),
    false,
  ),
  hedge: v.optional(hedge),
  traceContext: v.optional(
    v.pipe(
      v.boolean(),
      v.description(
        "Send traceparent, tracestate and baggage to its targets. Absent: as traceContext of each provider.",
      ),
    ),
  ),
});

const chainStep = section("A step of a chain.", {
  target: pattern(
    /^[A-Za-z0-9._:@/-]{1,256}$/,
    'must be "provider/model" or "policies/name"',
    '"provider/model" or "policies/name".',
  ),
  maxRetries: v.optional(
    integer(0, attemptsMax - 1, "Provider calls after the first. Absent: as models.retry or the policy says."),
  ),
  maxLatency: v.optional(duration("Time for this step with its retries, until its first output.")),
  fallThroughOn: v.optional(
    v.pipe(
      v.array(v.picklist(fallThroughReasons)),
      v.description("Go on with the next step for these reasons. Absent: for all that another target may cure."),
    ),
  ),
  overrides: v.optional(
    v.pipe(
      v.record(v.string(), v.unknown()),
      v.description("Settings put on a completion in this step, as in JSON: { temperature: 0 }."),
    ),
  ),
});

const chain = section("Steps to try one after the other.", {
  maxLatency: v.optional(duration("Time for all steps together, until the first output.")),
  maxAttempts: v.optional(
    integer(
      1,
      100,
      "Provider calls of all steps together at most. Absent: 10, or one for each step if there are more.",
    ),
  ),
  steps: entries(chainStep, "The steps."),
});

/** Policies by name. */
export const policies = v.pipe(
  v.record(policyName, policy),
  v.description("Policies, by name: callers ask for policies/name."),
);

/** Chains by name. */
export const chains = v.pipe(
  v.record(policyName, chain),
  v.description("Chains, by name: callers ask for chains/name."),
);

/** The part of the section "models" that is about this, after validation. */
export interface RoutingSection {
  readonly retry: v.InferOutput<typeof retry>;
  readonly policies: v.InferOutput<typeof policies>;
  readonly chains: v.InferOutput<typeof chains>;
}
