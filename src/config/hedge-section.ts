import * as v from "valibot";
import type { HedgeRules } from "../model/policy.ts";
import { duration, integer, price } from "./scalar.ts";
import { section } from "./section.ts";

/** When a policy asks another target while the first is slow. */
export const hedge = section(
  "Asks another target or credential while the first is slow. First output wins. Absent: never.",
  {
    delay: v.optional(
      duration("Time without output after which another is asked. Absent: the 95th percentile of the target of late."),
    ),
    maxParallel: v.optional(integer(2, 4, "Attempts at the same time, at most."), 2),
    maxRatio: v.optional(
      v.pipe(
        v.number("must be a number from 0 to 1"),
        v.minValue(0, "must be a number from 0 to 1"),
        v.maxValue(1, "must be a number from 0 to 1"),
        v.description("Part of the policy's calls that may be hedged."),
      ),
      0.02,
    ),
    maxCostPerMinute: v.optional(price("US dollars that hedges may cost in a minute. Absent: no limit.")),
    optIn: v.optional(v.pipe(v.boolean(), v.description("Only calls whose routing.hedge is true.")), false),
  },
);

/** The rules of a valid section. */
export function hedgeOf(section: v.InferOutput<typeof hedge>): HedgeRules {
  return {
    delayMs: section.delay,
    parallelMax: section.maxParallel,
    ratioMax: section.maxRatio,
    nanosPerMinuteMax: section.maxCostPerMinute,
    optIn: section.optIn,
  };
}
