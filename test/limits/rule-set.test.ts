import fc from "fast-check";
import { expect, test } from "vitest";
import { type Draw, keyOf, type Rule } from "../../src/limits/rule.ts";
import { RuleSet } from "../../src/limits/rule-set.ts";
import { ruleWith } from "./steps.ts";

const rule = fc
  .record({
    scope: fc.constantFrom("key" as const, "tenant" as const, "model" as const),
    match: fc.constantFrom(undefined, "*", "a*", "ab*", "ab", "b"),
    metric: fc.constantFrom("requests" as const, "tokens" as const),
    per: fc.constantFrom("minute" as const, "hour" as const),
    limit: fc.integer({ min: 1, max: 3 }),
  })
  .map((rest) => ruleWith(rest));
const subject = fc.constantFrom(undefined, "a", "ab", "abc", "b", "c");
const subjects = fc.record({ key: subject, tenant: subject, model: subject });

const costOf = ({ limit }: Rule) => limit + 1;

function exactness(match: string | undefined, name: string): number | undefined {
  if (match === undefined) return -1;
  if (match === name) return Number.POSITIVE_INFINITY;
  return match.endsWith("*") && name.startsWith(match.slice(0, -1)) ? match.length - 1 : undefined;
}

/** What a call takes, found rule by rule; the first of those that are as exact. */
function drawsOf(rules: readonly Rule[], of: Readonly<Partial<Record<Rule["scope"], string | undefined>>>): Draw[] {
  const found = new Map<string, Draw>();
  for (const rule of rules) {
    const name = of[rule.scope];
    const exact = name === undefined ? undefined : exactness(rule.match, name);
    if (name === undefined || exact === undefined) continue;
    const group = [rule.scope, rule.metric, rule.per].join();
    const other = found.get(group);
    if (other !== undefined && exact <= (exactness(other.rule.match, name) ?? 0)) continue;
    found.set(group, { rule, subject: name, key: keyOf(rule, name), limit: rule.limit, cost: costOf(rule) });
  }
  return [...found.values()];
}

test("of rules that differ in whom they match, the most exact concerns a call, whatever was asked before", () => {
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 8 }), fc.array(subjects, { maxLength: 4 }), (rules, calls) => {
      const set = new RuleSet(rules);
      for (const of of calls) {
        const own: Partial<Record<Rule["scope"], string | undefined>> = of;
        expect(set.drawsFor((scope) => own[scope], costOf)).toEqual(drawsOf(rules, own));
      }
    }),
  );
});

test("subjects that callers make up cost no memory for ever, and keep their names", () => {
  const set = new RuleSet([ruleWith({ scope: "ip" })]);
  for (let i = 0; i < 2500; i++) {
    const [draw] = set.drawsFor(() => `192.0.2.${i}`, costOf);
    expect(draw?.key).toBe(`ip:requests:minute:token-bucket:192.0.2.${i}`);
  }
});

test("an empty set concerns nobody", () => {
  expect(new RuleSet([]).isEmpty).toBe(true);
  const set = new RuleSet([ruleWith({ metric: "tokens" }), ruleWith()]);
  expect(set.filter(({ metric }) => metric === "tokens").drawsFor(() => "a", costOf)).toHaveLength(1);
});
