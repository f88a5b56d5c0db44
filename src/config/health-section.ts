import * as v from "valibot";
import { duration } from "./scalar.ts";
import { section } from "./section.ts";

const checks = section("Health checks: one small request for the list of models, without tokens.", {
  enabled: v.optional(v.pipe(v.boolean(), v.description("Make them.")), false),
  interval: v.optional(duration("From one check of a provider to the next.", 100), "30s"),
  timeout: v.optional(duration("Time for one check."), "5s"),
});

/** How failing providers are spared and found to be well again. */
export const health = section("How failing providers are spared, and found to be well again.", {
  breakers: v.optional(
    v.pipe(
      v.boolean(),
      v.description("Leave targets alone that keep failing or ask for it. false: every call is sent."),
    ),
    true,
  ),
  trialAfter: v.optional(
    duration("From taking a failing target out of use to the first trial call, and from trial to trial."),
    "1s",
  ),
  checks: v.nullish(checks, {}),
});
