import fc from "fast-check";
import { expect, test } from "vitest";
import { RetryBudget } from "../../src/dispatch/retry-budget.ts";
import type { Caller } from "../../src/model/call.ts";

const caller = (keyId: string, tenantId = ""): Caller => ({ keyId, tenantId, models: undefined });
const k = caller("k");

/** Repeats that are allowed when each of so many calls wants two. */
function allowedOf(budget: RetryBudget, calls: number, who = k): number {
  let allowed = 0;
  for (let call = 0; call < calls; call++) {
    budget.called(who, "up/m");
    for (let repeat = 0; repeat < 2; repeat++) if (budget.take(who, "up/m")) allowed += 1;
  }
  return allowed;
}

test("repeats are a tenth of the calls and three more", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), (calls) => {
      expect(allowedOf(new RetryBudget(() => 0), calls)).toBe(Math.min(2 * calls, Math.floor(calls / 10) + 3));
    }),
  );
});

test("callers and targets have budgets of their own", () => {
  const budget = new RetryBudget(() => 0);
  expect(allowedOf(budget, 10, caller("a"))).toBe(4);
  expect(allowedOf(budget, 10, caller("b"))).toBe(4);
  expect(budget.take(caller("a"), "up/m")).toBe(false);
  expect(budget.take(caller("a"), "other/m")).toBe(true);
});

test("keys of one tenant share its budget, which is not that of a key with its name", () => {
  const budget = new RetryBudget(() => 0);
  expect(allowedOf(budget, 10, caller("a", "acme"))).toBe(4);
  expect(budget.take(caller("b", "acme"), "up/m")).toBe(false);
  expect(budget.take(caller("a"), "up/m")).toBe(true);
  expect(budget.take(caller("acme"), "up/m")).toBe(true);
});

test("what was used comes back as the window goes by", () => {
  let nowMs = 0;
  const budget = new RetryBudget(() => nowMs);
  expect(allowedOf(budget, 20)).toBe(5);
  nowMs = 9999;
  expect(budget.take(k, "up/m")).toBe(false);
  // Half of the last window still counts: 2.5 of 1 + 3.
  nowMs = 15_000;
  expect([budget.take(k, "up/m"), budget.take(k, "up/m")]).toEqual([true, false]);
  nowMs = 60_000;
  expect(allowedOf(budget, 1)).toBe(2);
});

test("rare calls may always be repeated", () => {
  let nowMs = 0;
  const budget = new RetryBudget(() => nowMs);
  for (; nowMs < 600_000; nowMs += 10_000) {
    budget.called(k, "up/m");
    expect(budget.take(k, "up/m")).toBe(true);
  }
});
