import { expect, test } from "vitest";
import { Admission } from "../../src/limits/admission.ts";
import { MemoryStore } from "../../src/limits/memory-store.ts";
import { type Need, tokensBefore } from "../../src/limits/need.ts";
import type { Rule } from "../../src/limits/rule.ts";
import { drawOf, ruleWith } from "./steps.ts";

const unbounded: Need = { input: 100, output: undefined, outputMax: 0 };
const tokensADay = (limit: number, rest: Partial<Rule> = {}) =>
  ruleWith({ metric: "tokens", per: "day", algorithm: "fixed-window", limit, ...rest });

/** A call that these rules admit, each for a subject of its own, and what is then left of one of them. */
function admitted(rules: readonly Rule[], need: Need) {
  const store = new MemoryStore(() => 1_800_000_000_000);
  const subjectAt = (i: number) => `subject-${i}`;
  const draws = rules.map((rule, i) => drawOf(rule, tokensBefore(need, rule, rule.limit), subjectAt(i)));
  const reservation = store.admit(draws);
  const admission = new Admission(draws, reservation.verdict, need, reservation);
  const leftOf = (i: number) => {
    const rule = rules[i] ?? ruleWith();
    return store.admit([drawOf(rule, 0, subjectAt(i))]).verdict.readings[0]?.remaining;
  };
  return { admission, left: () => rules.map((_, i) => leftOf(i)) };
}

test.each([
  ["what a request allows", { ...unbounded, output: 50 }, 150],
  ["what is assumed", unbounded, 4196],
  ["no more than the model can say", { ...unbounded, outputMax: 1000 }, 1100],
  ["all there is, rather than that no such call were possible", { ...unbounded, input: 7000 }, 10_000],
  ["more than there is, where the request wants it", { ...unbounded, output: 20_000 }, 20_100],
])("before a call: %s", (_, need, tokens) => {
  expect(tokensBefore(need, tokensADay(10_000), 10_000)).toBe(tokens);
});

test("a stream takes more of each limit when it has used what it took, ahead of itself", () => {
  const { admission, left } = admitted(
    [tokensADay(100_000), tokensADay(2000), tokensADay(100_000, { reserve: 500 })],
    unbounded,
  );
  expect(admission.grows).toBe(true);
  expect(left()).toEqual([95_804, 0, 99_400]);
  admission.wrote(499);
  expect(left()).toEqual([95_804, 0, 99_400]);
  admission.wrote(500);
  expect(left()).toEqual([95_804, 0, 98_900]);
  admission.wrote(3000);
  expect(left()).toEqual([95_804, 0, 96_400]);
  admission.wrote(4500);
  expect(left()).toEqual([91_304, 0, 94_900]);
  admission.settle(4700);
  admission.wrote(90_000);
  admission.settle(0);
  expect(left()).toEqual([95_300, 0, 95_300]);
});

test("what a stream did not say in the end is there again", () => {
  const { admission, left } = admitted([tokensADay(2000)], unbounded);
  admission.wrote(1900);
  expect(left()).toEqual([0]);
  admission.settle(150);
  expect(left()).toEqual([1850]);
});

test("nothing grows where the request bounds its answer", () => {
  expect(admitted([tokensADay(100_000)], { ...unbounded, output: 5 }).admission.grows).toBe(false);
});
