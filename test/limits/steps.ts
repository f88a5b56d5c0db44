import fc from "fast-check";
import type { LimitConfig } from "../../src/config/schema.ts";
import { type Draw, keyOf } from "../../src/limits/rule.ts";

/** A rule on one metric; 5 requests a minute by a bucket for every key, unless said otherwise. */
export function ruleWith(rest: Partial<LimitConfig> = {}): LimitConfig {
  return {
    scope: "key",
    match: undefined,
    metric: "requests",
    limit: 5,
    per: "minute",
    algorithm: "token-bucket",
    reserve: 4096,
    ...rest,
  };
}

/** What a call takes from a rule. */
export function drawOf(rule: LimitConfig, cost = 1, subject = "a"): Draw {
  return { rule, subject, key: keyOf(rule, subject), limit: rule.limit, cost };
}

/** A moment at which somebody asks for units, `sinceMs` after the one before. */
export interface Step {
  readonly sinceMs: number;
  readonly cost: number;
}

/** Moments that are crowded, and that now and then leave more than a window between them. */
export function steps(limit: number, windowMs: number): fc.Arbitrary<Step[]> {
  const sinceMs = fc.oneof(
    { weight: 4, arbitrary: fc.nat(Math.ceil(windowMs / limit)) },
    { weight: 4, arbitrary: fc.nat(Math.ceil(windowMs / 20)) },
    { weight: 1, arbitrary: fc.nat(2 * windowMs) },
  );
  return fc.array(fc.record({ sinceMs, cost: fc.integer({ min: 1, max: limit }) }), { minLength: 1, maxLength: 80 });
}

/** Windows of every period, in milliseconds. */
export const windowsMs = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;
/** Periods to draw from. */
export const periods = fc.constantFrom("minute" as const, "hour" as const, "day" as const);
