import fc from "fast-check";
import { expect, test } from "vitest";
import { Readings } from "../../src/dispatch/readings.ts";
import { order } from "../../src/dispatch/strategies.ts";
import { strategies } from "../../src/model/policy.ts";
import { candidatesOf, drawsFrom, idsOf, viewWith } from "./candidates.ts";

const names = ["a", "b", "c", "d", "e", "f"];
const weightsOf = (min: number) =>
  fc
    .array(fc.integer({ min, max: 20 }), { minLength: 2, maxLength: 6 })
    .map((weights) => Object.fromEntries(weights.map((weight, i) => [names[i] ?? "", weight])));
const none = () => 0;

test("every strategy keeps all candidates, each once", () => {
  fc.assert(
    fc.property(
      weightsOf(0),
      fc.constantFrom(...strategies),
      fc.string(),
      fc.nat(),
      (weights, strategy, sticky, turn) => {
        const view = viewWith({ sticky, turn: () => turn, errorRate: () => 0.5 });
        const ordered = order(strategy, candidatesOf(weights), view, drawsFrom(turn + 1));
        expect(idsOf(ordered).sort()).toEqual(Object.keys(weights).sort());
      },
    ),
  );
});

test("priority keeps the order", () => {
  fc.assert(
    fc.property(weightsOf(0), fc.string(), (weights, sticky) => {
      const candidates = candidatesOf(weights);
      expect(order("priority", candidates, viewWith({ sticky }), none)).toEqual(candidates);
    }),
  );
});

test("round robin is fair: each comes first, second and last equally often", () => {
  fc.assert(
    fc.property(weightsOf(1), fc.nat(1000), (weights, start) => {
      const candidates = candidatesOf(weights);
      const rounds = candidates.map((_, i) =>
        idsOf(order("round-robin", candidates, viewWith({ turn: () => start + i }), none)),
      );
      for (const place of candidates.keys()) {
        expect(rounds.map((round) => round[place]).sort()).toEqual(Object.keys(weights).sort());
      }
    }),
  );
});

test("weighted picks come to the weights", () => {
  const calls = 4000;
  fc.assert(
    fc.property(weightsOf(0), fc.integer({ min: 1 }), (weights, seed) => {
      const sum = Object.values(weights).reduce((all, weight) => all + weight, 0);
      fc.pre(sum > 0);
      const draw = drawsFrom(seed);
      const firsts = Array.from(
        { length: calls },
        () => idsOf(order("weighted", candidatesOf(weights), viewWith({}), draw))[0],
      );
      for (const [id, weight] of Object.entries(weights)) {
        const share = firsts.filter((first) => first === id).length / calls;
        // Five standard deviations of a share of one half.
        expect(Math.abs(share - weight / sum)).toBeLessThan(5 * Math.sqrt(0.25 / calls));
        if (weight === 0) expect(share).toBe(0);
      }
    }),
    { numRuns: 20 },
  );
});

test("sticky picks come to the weights over many keys, and stay for each", () => {
  const weights = { a: 1, b: 3, c: 0 };
  const firstFor = (sticky: string) => idsOf(order("weighted", candidatesOf(weights), viewWith({ sticky }), none))[0];
  const keys = Array.from({ length: 4000 }, (_, i) => `user-${i}`);
  const share = keys.filter((key) => firstFor(key) === "b").length / keys.length;
  expect(Math.abs(share - 0.75)).toBeLessThan(0.04);
  expect(keys.map(firstFor)).toEqual(keys.map(firstFor));
});

test("when a target goes, only its own keys move", () => {
  const spread = fc.constantFrom("weighted", "round-robin", "lowest-latency", "healthiest");
  fc.assert(
    fc.property(weightsOf(1), spread, fc.string({ minLength: 1 }), fc.nat(), (weights, strategy, sticky, pick) => {
      const candidates = candidatesOf(weights);
      const gone = candidates[pick % candidates.length];
      const view = viewWith({ sticky, turn: () => pick });
      const before = idsOf(order(strategy, candidates, view, drawsFrom(pick + 1)));
      const after = idsOf(
        order(
          strategy,
          candidates.filter((each) => each !== gone),
          view,
          drawsFrom(pick + 2),
        ),
      );
      expect(after).toEqual(before.filter((id) => id !== gone?.target.provider.id));
    }),
  );
});

test("the cheapest comes first, and prices that are not known last", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(1000)), { minLength: 2, maxLength: 6 }), (costs) => {
      const byId = new Map(costs.map((cost, i) => [names[i] ?? "", cost]));
      const cost = ({ provider }: { provider: { id: string } }) => {
        const known = byId.get(provider.id);
        return known === null || known === undefined ? undefined : BigInt(known);
      };
      const candidates = candidatesOf(Object.fromEntries([...byId.keys()].map((id) => [id, 1])));
      const ordered = idsOf(order("lowest-cost", candidates, viewWith({ cost }), none));
      const found = ordered.map((id) => byId.get(id) ?? Number.POSITIVE_INFINITY);
      expect(found).toEqual(found.toSorted((a, b) => (a === b ? 0 : a - b)));
    }),
  );
});

test("the fastest comes first; one that nobody knows is tried, one that always fails is last", () => {
  const latency: Record<string, number> = { a: 300, b: 100, c: 200 };
  const failing: Record<string, number> = { e: 1, c: 0.8 };
  const view = viewWith({
    latencyMs: ({ provider }) => latency[provider.id],
    errorRate: ({ provider }) => failing[provider.id] ?? 0,
  });
  const candidates = candidatesOf({ a: 1, b: 1, c: 1, d: 1, e: 1 });
  expect(idsOf(order("lowest-latency", candidates, view, none))).toEqual(["d", "b", "a", "c", "e"]);
  expect(idsOf(order("healthiest", candidates, view, none))).toEqual(["a", "b", "d", "c", "e"]);
});

test("the fewest failures come first, whatever else is known, and equals keep their order", () => {
  const rates = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 2, maxLength: 6 });
  fc.assert(
    fc.property(rates, fc.nat(1000), (failures, latencyMs) => {
      const candidates = candidatesOf(Object.fromEntries(failures.map((_, i) => [names[i] ?? "", 1])));
      const rateOf = (id: string) => (failures[names.indexOf(id)] ?? 0) / 4;
      const view = viewWith({ errorRate: ({ provider }) => rateOf(provider.id), latencyMs: () => latencyMs });
      const ordered = idsOf(order("healthiest", candidates, view, none));
      expect(ordered).toEqual(idsOf(candidates).toSorted((a, b) => rateOf(a) - rateOf(b)));
    }),
  );
});

test("calls go to the fastest, and to those that were slow once nobody knows any more whether they still are", () => {
  const latencies = fc.uniqueArray(fc.integer({ min: 1, max: 5000 }), { minLength: 2, maxLength: 5 });
  fc.assert(
    fc.property(latencies, (allMs) => {
      let nowMs = 0;
      const readings = new Readings(() => nowMs);
      const candidates = candidatesOf(Object.fromEntries(allMs.map((_, i) => [names[i] ?? "", 1])));
      const view = viewWith({
        latencyMs: ({ selector }) => readings.latencyMs(selector, false),
        errorRate: ({ selector }) => readings.errorRate(selector),
      });
      const asked: string[] = [];
      // A call a second for ten minutes.
      for (; nowMs < 600_000; nowMs += 1000) {
        const [first] = order("lowest-latency", candidates, view, none);
        const id = first?.target.provider.id ?? "";
        asked.push(id);
        readings.answered(`${id}/m`, false, allMs[names.indexOf(id)] ?? 0);
      }
      const fastest = names[allMs.indexOf(Math.min(...allMs))] ?? "";
      const callsOf = (id: string) => asked.filter((each) => each === id).length;
      expect(callsOf(fastest)).toBeGreaterThan(0.9 * asked.length);
      // Forgotten after three minutes, each is tried anew.
      for (const { target } of candidates) expect(callsOf(target.provider.id)).toBeGreaterThanOrEqual(3);
    }),
    { numRuns: 30 },
  );
});
