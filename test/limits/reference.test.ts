import fc from "fast-check";
import { expect, test } from "vitest";
import { counterOf } from "../../src/limits/rule.ts";
import { bucketReference, type Reference, windowReference } from "./reference.ts";
import { periods, ruleWith, windowsMs } from "./steps.ts";

const startMs = 1_800_000_000_123;

/** What happens next: time goes by, then so much is taken if it is there, then a part of that is given back at once or later. */
const moves = fc.array(
  fc.record({
    /** In parts of the window. */
    since: fc.oneof(
      { weight: 6, arbitrary: fc.double({ min: 0, max: 0.1, noNaN: true }) },
      { weight: 2, arbitrary: fc.double({ min: 0, max: 2.5, noNaN: true }) },
    ),
    cost: fc.integer({ min: 1, max: 40 }),
    back: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
    backAfter: fc.double({ min: 0, max: 0.05, noNaN: true }),
  }),
  { minLength: 1, maxLength: 60 },
);

type Algorithm = "token-bucket" | "fixed-window" | "sliding-window";

function referenceFor(algorithm: Algorithm, limit: number, per: keyof typeof windowsMs): Reference {
  switch (algorithm) {
    case "token-bucket":
      return bucketReference(limit, per);
    case "fixed-window":
      return windowReference(limit, windowsMs[per], 0);
    case "sliding-window":
      return windowReference(limit, windowsMs[per] / 60, 60);
  }
}

test.each(["token-bucket", "fixed-window", "sliding-window"] as const)(
  "%s: counts as a list of everything that was taken",
  (algorithm) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), periods, moves, (limit, per, all) => {
        const counter = counterOf(ruleWith({ algorithm, per, limit }));
        const reference = referenceFor(algorithm, limit, per);
        let nowMs = startMs;
        for (const { since, cost, back, backAfter } of all) {
          nowMs += Math.floor(since * windowsMs[per]);
          expect(counter.remaining(limit, nowMs)).toBe(reference.remaining(nowMs));
          if (cost > limit) continue;
          expect(counter.waitMs(limit, cost, nowMs) === 0).toBe(reference.remaining(nowMs) >= cost);
          if (reference.remaining(nowMs) < cost) continue;
          const slot = counter.take(limit, cost, nowMs);
          reference.take(cost, nowMs);
          if (back === undefined) continue;
          nowMs += Math.floor(backAfter * windowsMs[per]);
          const units = Math.floor(back * cost);
          counter.giveBack(limit, slot, units, nowMs);
          reference.giveBack(units, nowMs);
          expect(counter.remaining(limit, nowMs)).toBe(reference.remaining(nowMs));
        }
      }),
      { numRuns: 300 },
    );
  },
);
