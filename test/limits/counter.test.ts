import fc from "fast-check";
import { expect, test } from "vitest";
import type { Counter } from "../../src/limits/counter.ts";
import { counterOf } from "../../src/limits/rule.ts";
import { periods, ruleWith, type Step, steps, windowsMs } from "./steps.ts";

const startMs = 1_800_000_000_123;

/** What was taken and when, if everybody takes what is there. */
function taken(
  counter: Counter,
  limit: number,
  all: readonly Step[],
): { readonly atMs: number; readonly cost: number }[] {
  let nowMs = startMs;
  return all.flatMap(({ sinceMs, cost }) => {
    nowMs += sinceMs;
    if (counter.waitMs(limit, cost, nowMs) > 0) return [];
    counter.take(limit, cost, nowMs);
    return [{ atMs: nowMs, cost }];
  });
}

function sum(all: readonly { readonly cost: number }[]): number {
  return all.reduce((total, { cost }) => total + cost, 0);
}

const cases = fc
  .tuple(fc.integer({ min: 1, max: 50 }), periods)
  .chain(([limit, per]) => fc.tuple(fc.constant(limit), fc.constant(per), steps(limit, windowsMs[per])));

test("a token bucket never gives more than it holds and what has flowed in since", () => {
  fc.assert(
    fc.property(cases, ([limit, per, all]) => {
      const given = taken(counterOf(ruleWith({ per })), limit, all);
      for (const [i, first] of given.entries()) {
        for (let j = i; j < given.length; j++) {
          const elapsedMs = (given[j]?.atMs ?? 0) - first.atMs;
          // A tick may have begun just before the first.
          const flowedIn = ((elapsedMs + 100) * limit) / windowsMs[per];
          expect(sum(given.slice(i, j + 1))).toBeLessThanOrEqual(limit + flowedIn);
        }
      }
    }),
  );
});

test("a sliding window never gives more than the limit in any window", () => {
  fc.assert(
    fc.property(cases, ([limit, per, all]) => {
      const given = taken(counterOf(ruleWith({ per, algorithm: "sliding-window" })), limit, all);
      for (const { atMs } of given) {
        const inWindow = given.filter((other) => other.atMs > atMs - windowsMs[per] && other.atMs <= atMs);
        expect(sum(inWindow)).toBeLessThanOrEqual(limit);
      }
    }),
  );
});

test("a fixed window never gives more than the limit between two marks of the clock", () => {
  fc.assert(
    fc.property(cases, ([limit, per, all]) => {
      const given = taken(counterOf(ruleWith({ per, algorithm: "fixed-window" })), limit, all);
      const byWindow = Map.groupBy(given, ({ atMs }) => Math.floor(atMs / windowsMs[per]));
      for (const inWindow of byWindow.values()) expect(sum(inWindow)).toBeLessThanOrEqual(limit);
    }),
  );
});

test.each(["token-bucket", "fixed-window", "sliding-window"] as const)(
  "%s: what a wait promises is true",
  (algorithm) => {
    fc.assert(
      fc.property(cases, ([limit, per, all]) => {
        const counter = counterOf(ruleWith({ per, algorithm }));
        let nowMs = startMs;
        for (const { sinceMs, cost } of all) {
          nowMs += sinceMs;
          const waitMs = counter.waitMs(limit, cost, nowMs);
          expect(Number.isSafeInteger(waitMs)).toBe(true);
          expect(counter.remaining(limit, nowMs) >= cost).toBe(waitMs === 0);
          if (waitMs > 1) expect(counter.waitMs(limit, cost, nowMs + waitMs - 1)).toBe(1);
          nowMs += waitMs;
          expect(counter.waitMs(limit, cost, nowMs)).toBe(0);
          counter.take(limit, cost, nowMs);
        }
        const resetMs = counter.resetMs(limit, nowMs);
        expect(resetMs).toBeGreaterThan(0);
        expect(counter.resetMs(limit, nowMs + resetMs)).toBe(0);
        expect(counter.remaining(limit, nowMs + resetMs)).toBe(limit);
      }),
    );
  },
);

test("a bucket fills exactly, also where limit and window have nothing in common", () => {
  const counter = counterOf(ruleWith());
  for (let i = 0; i < 7; i++) counter.take(7, 1, startMs);
  const back = Array.from({ length: 60_001 }, (_, ms) => counter.remaining(7, startMs + ms));
  expect(back.every((units, ms) => units === Math.floor((ms * 7) / 60_000))).toBe(true);
});

test("a bucket pays its debt before it gives again, and owes no more than twice the limit", () => {
  const counter = counterOf(ruleWith());
  counter.take(10, 10, startMs);
  for (let i = 0; i < 5; i++) counter.take(10, 10, startMs);
  expect(counter.remaining(10, startMs + 60_000)).toBe(0);
  expect(counter.waitMs(10, 1, startMs + 60_000)).toBe(6000);
  expect(counterAfter(120_000)).toBe(10);
});

/** What is left in a bucket that owed all it may, after so long without a look. */
function counterAfter(ms: number): number {
  const counter = counterOf(ruleWith());
  counter.take(10, 10, startMs);
  counter.take(10, 10, startMs);
  return counter.remaining(10, startMs + ms);
}

test("the largest limit keeps every unit", () => {
  const limit = 2_147_483_647;
  for (const per of ["minute", "hour", "day"] as const) {
    const counter = counterOf(ruleWith({ per }));
    counter.take(limit, limit - 1, startMs);
    expect(counter.remaining(limit, startMs)).toBe(1);
    const slot = counter.take(limit, limit, startMs);
    expect(counter.remaining(limit, startMs)).toBe(0);
    counter.giveBack(limit, slot, 1, startMs);
    counter.giveBack(limit, slot, limit, startMs);
    expect(counter.remaining(limit, startMs)).toBe(2);
  }
});

test.each(["token-bucket", "fixed-window", "sliding-window"] as const)(
  "%s: nothing below 0, whatever is given back",
  (algorithm) => {
    const changes = fc.array(fc.tuple(fc.nat(70_000), fc.integer({ min: -500, max: 500 })), { maxLength: 30 });
    fc.assert(
      fc.property(changes, (all) => {
        const counter = counterOf(ruleWith({ algorithm }));
        let nowMs = startMs;
        const slot = counter.take(100, 60, nowMs);
        for (const [sinceMs, units] of all) {
          nowMs += sinceMs;
          if (units > 0) counter.take(100, units, nowMs);
          else counter.giveBack(100, slot, -units, nowMs);
          const left = counter.remaining(100, nowMs);
          expect(left).toBeGreaterThanOrEqual(0);
          expect(left).toBeLessThanOrEqual(100);
        }
      }),
    );
  },
);

test("a bucket gives back nothing of what has flowed back by itself", () => {
  const counter = counterOf(ruleWith());
  const slot = counter.take(60, 40, startMs);
  counter.take(60, 5, startMs + 30_000);
  counter.giveBack(60, slot, 5, startMs + 30_000);
  expect(counter.remaining(60, startMs + 30_000)).toBe(50);
  counter.take(60, 60, startMs + 60_000);
  counter.giveBack(60, slot, 35, startMs + 60_000);
  expect(counter.remaining(60, startMs + 60_000)).toBe(0);
});

test("windows differ at the edge: fixed gives anew at the mark, sliding does not", () => {
  const markMs = 1_800_000_000_000;
  const fixed = counterOf(ruleWith({ algorithm: "fixed-window" }));
  const sliding = counterOf(ruleWith({ algorithm: "sliding-window" }));
  for (const counter of [fixed, sliding]) counter.take(5, 5, markMs - 1);
  expect([fixed.remaining(5, markMs - 1), fixed.remaining(5, markMs)]).toEqual([0, 5]);
  expect([sliding.remaining(5, markMs), sliding.remaining(5, markMs + 59_999)]).toEqual([0, 0]);
  expect([sliding.waitMs(5, 1, markMs), sliding.remaining(5, markMs + 60_000)]).toEqual([60_000, 5]);
});

test.each(["token-bucket", "fixed-window", "sliding-window"] as const)(
  "%s: a clock that steps back locks nobody out",
  (algorithm) => {
    const counter = counterOf(ruleWith({ algorithm }));
    counter.take(5, 5, startMs);
    expect(counter.remaining(5, startMs - 30_000)).toBeLessThanOrEqual(algorithm === "fixed-window" ? 5 : 0);
    const earlierMs = startMs - 24 * 3_600_000;
    counter.remaining(5, earlierMs);
    expect(counter.remaining(5, earlierMs + 120_000)).toBe(5);
  },
);

test("places at once are taken and given back", () => {
  const counter = counterOf(ruleWith({ metric: "concurrent", per: undefined }));
  for (let i = 0; i < 5; i++) counter.take(5, 1, 0);
  expect([counter.remaining(5, 0), counter.waitMs(5, 1, 0)]).toEqual([0, 1000]);
  counter.giveBack(5, 0, 1, 0);
  expect([counter.remaining(5, 0), counter.waitMs(5, 1, 0)]).toEqual([1, 0]);
});
