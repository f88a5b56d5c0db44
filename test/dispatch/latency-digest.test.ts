import fc from "fast-check";
import { expect, test } from "vitest";
import { LatencyDigest } from "../../src/dispatch/latency-digest.ts";

const fade = 5 * 60_000;

test("a percentile is the nearest rank, rounded up by a fifth at most", () => {
  const times = fc.array(fc.double({ min: 1, max: 600_000, noNaN: true }), { minLength: 20, maxLength: 300 });
  fc.assert(
    fc.property(times, fc.constantFrom(0.5, 0.95, 1), (ms, part) => {
      const digest = new LatencyDigest();
      for (const each of ms) digest.add(each, 0);
      const exact = ms.toSorted((a, b) => a - b)[Math.ceil(part * ms.length) - 1] ?? 0;
      const told = digest.percentile(part, 0) ?? 0;
      expect(told).toBeGreaterThanOrEqual(exact * 0.999_999);
      expect(told).toBeLessThanOrEqual(exact * 2 ** (1 / 4) * 1.000_001);
    }),
  );
});

test("little is nothing, and what is old fades", () => {
  const digest = new LatencyDigest();
  for (let i = 0; i < 19; i++) digest.add(100, 0);
  expect(digest.percentile(0.95, 0)).toBeUndefined();
  digest.add(100, 0);
  expect(digest.percentile(0.95, 0)).toBeGreaterThanOrEqual(100);
  expect(digest.percentile(0.95, fade)).toBeUndefined();
  for (let i = 0; i < 200; i++) digest.add(10, fade * 2);
  expect(digest.percentile(0.95, fade * 2)).toBeLessThan(13);
});

test("what is beyond the last bucket counts as the last", () => {
  const digest = new LatencyDigest();
  for (let i = 0; i < 20; i++) digest.add(1e12, 0);
  expect(digest.percentile(0.5, 0)).toBeLessThan(1e6);
});
