import fc from "fast-check";
import { expect, test } from "vitest";
import { Readings } from "../../src/dispatch/readings.ts";

test("a mean lies between what was seen, and leans to what came last", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(10_000), fc.nat(20_000)), { minLength: 1, maxLength: 30 }), (seen) => {
      let nowMs = 0;
      const readings = new Readings(() => nowMs);
      for (const [latencyMs, pauseMs] of seen) {
        nowMs += pauseMs;
        readings.answered("up/m", true, latencyMs);
      }
      const all = seen.map(([latencyMs]) => latencyMs);
      const mean = readings.latencyMs("up/m", true) ?? -1;
      expect(mean).toBeGreaterThanOrEqual(Math.min(...all) - 1e-6);
      expect(mean).toBeLessThanOrEqual(Math.max(...all) + 1e-6);
    }),
  );
});

test("old values fade and are forgotten", () => {
  let nowMs = 0;
  const readings = new Readings(() => nowMs);
  readings.answered("up/m", true, 1000);
  readings.failed("up/m");
  expect([readings.latencyMs("up/m", true), readings.errorRate("up/m")]).toEqual([1000, 0.5]);
  nowMs = 60_000;
  readings.answered("up/m", true, 100);
  expect(readings.latencyMs("up/m", true)).toBeCloseTo((1000 / Math.E + 100) / (1 / Math.E + 1));
  expect(readings.errorRate("up/m")).toBeLessThan(0.3);
  nowMs = 300_000;
  expect([readings.latencyMs("up/m", true), readings.errorRate("up/m")]).toEqual([undefined, 0]);
});

test("streams and whole answers are kept apart, and so are targets", () => {
  const readings = new Readings(() => 0);
  readings.answered("up/m", false, 5000);
  expect([readings.latencyMs("up/m", true), readings.latencyMs("up/m", false)]).toEqual([undefined, 5000]);
  expect(readings.latencyMs("up/n", false)).toBeUndefined();
});

test("what is slow is known of targets that are timed, for streams and whole answers apart", () => {
  const readings = new Readings(() => 0);
  for (let ms = 1; ms <= 100; ms++) readings.timed("p/m", true, ms);
  expect(readings.slowMs("p/m", true)).toBeGreaterThanOrEqual(95);
  expect(readings.slowMs("p/m", true)).toBeLessThan(95 * 1.2);
  expect(readings.slowMs("p/m", false)).toBeUndefined();
  expect(readings.slowMs("p/other", true)).toBeUndefined();
});
