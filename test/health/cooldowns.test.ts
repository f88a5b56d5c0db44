import fc from "fast-check";
import { expect, test } from "vitest";
import { Cooldowns } from "../../src/health/cooldowns.ts";

test("a cooldown is never shortened, whatever comes and when", () => {
  const step = fc.record({
    passMs: fc.integer({ min: 0, max: 700_000 }),
    forMs: fc.oneof(fc.integer({ min: -10, max: 3_000_000 }), fc.constantFrom(0, 1, 600_000)),
    quota: fc.boolean(),
    model: fc.constantFrom("a", "b"),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      let nowMs = 0;
      const cooldowns = new Cooldowns(() => nowMs);
      const until = new Map<string, number>();
      for (const { passMs, forMs, quota, model } of steps) {
        nowMs += passMs;
        cooldowns.cool(model, forMs, quota);
        until.set(model, Math.max(until.get(model) ?? 0, nowMs + Math.min(forMs, 600_000)));
        for (const [name, untilMs] of until) {
          expect(cooldowns.of(name)?.untilMs).toBe(untilMs > nowMs ? untilMs : undefined);
        }
      }
      expect(cooldowns.longestMs()).toBe(Math.max(0, ...[...until.values()].map((untilMs) => untilMs - nowMs)));
    }),
  );
});

test("of more than a thousand models, the first are forgotten", () => {
  const cooldowns = new Cooldowns(() => 0);
  for (let i = 0; i < 1001; i++) cooldowns.cool(String(i), 1000, false);
  expect(cooldowns.of("0")).toBeUndefined();
  expect(cooldowns.of("1")?.untilMs).toBe(1000);
});
