import fc from "fast-check";
import { expect, test } from "vitest";
import { HedgeBudget } from "../../src/dispatch/hedge-budget.ts";
import type { HedgeRules } from "../../src/model/policy.ts";

const rulesOf = (rest: Partial<HedgeRules>): HedgeRules => ({
  delayMs: 1,
  parallelMax: 2,
  ratioMax: 1,
  nanosPerMinuteMax: undefined,
  optIn: false,
  ...rest,
});

test("there are never more hedges than the ratio allows, and as many as it does", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 1, max: 400 }), (percent, calls) => {
      const rules = rulesOf({ ratioMax: percent / 100 });
      const budget = new HedgeBudget(() => 0);
      let hedges = 0;
      for (let call = 0; call < calls; call++) {
        budget.called("p", rules);
        if (budget.refusalOf("p", rules, 0n) !== undefined) continue;
        budget.take("p", 0n);
        hedges += 1;
      }
      expect(hedges).toBe(Math.floor((percent * calls) / 100));
    }),
  );
});

test("what quiet times save up is bounded", () => {
  const rules = rulesOf({});
  const budget = new HedgeBudget(() => 0);
  for (let call = 0; call < 100; call++) budget.called("p", rules);
  let hedges = 0;
  for (; budget.refusalOf("p", rules, 0n) === undefined; hedges++) budget.take("p", 0n);
  expect(hedges).toBe(10);
  expect(budget.refusalOf("another", rules, 0n)).toBe("over_ratio");
});

test("no minute costs more than it may, as expected and as it then was", () => {
  const hedge = fc.record({
    afterMs: fc.integer({ min: 0, max: 20_000 }),
    nanos: fc.bigInt({ min: 0n, max: 60n }),
    part: fc.integer({ min: 0, max: 100 }),
  });
  fc.assert(
    fc.property(fc.array(hedge, { maxLength: 80 }), fc.bigInt({ min: 0n, max: 100n }), (hedges, nanosPerMinuteMax) => {
      let nowMs = 0;
      const rules = rulesOf({ nanosPerMinuteMax });
      const budget = new HedgeBudget(() => nowMs);
      const spent: { atMs: number; nanos: bigint }[] = [];
      for (const { afterMs, nanos, part } of hedges) {
        nowMs += afterMs;
        budget.called("p", rules);
        if (budget.refusalOf("p", rules, nanos) !== undefined) continue;
        const actual = (nanos * BigInt(part)) / 100n;
        budget.take("p", nanos)(actual);
        spent.push({ atMs: nowMs, nanos: actual });
        const minute = spent.filter(({ atMs }) => nowMs - atMs < 60_000);
        expect(minute.reduce((sum, each) => sum + each.nanos, 0n)).toBeLessThanOrEqual(nanosPerMinuteMax);
      }
    }),
  );
});

test("a price that is not known is above any limit, and below none", () => {
  const budget = new HedgeBudget(() => 0);
  budget.called("p", rulesOf({}));
  expect(budget.refusalOf("p", rulesOf({ nanosPerMinuteMax: 1_000_000n }), undefined)).toBe("over_cost");
  expect(budget.refusalOf("p", rulesOf({}), undefined)).toBeUndefined();
});

test("a hedge that cost more than expected counts as it was", () => {
  const budget = new HedgeBudget(() => 5000);
  const rules = rulesOf({ nanosPerMinuteMax: 10n });
  for (let call = 0; call < 3; call++) budget.called("p", rules);
  budget.take("p", 1n)(9n);
  expect(budget.refusalOf("p", rules, 2n)).toBe("over_cost");
  expect(budget.refusalOf("p", rules, 1n)).toBeUndefined();
});
