import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { afterFailure, attemptShare, attemptsOf, cureOf, type Progress, usefulMs } from "../../src/dispatch/retry.ts";
import { GatewayError, type Reason } from "../../src/model/error.ts";

const rules = { maxAttempts: 3, initialBackoffMs: 100, maxBackoffMs: 5000 };
const progress: Progress = {
  attempts: 1,
  attemptsMax: 3,
  othersLeft: 0,
  repeats: 0,
  readyInMs: [0],
  leftMs: 60_000,
  usefulMs: 100,
};
const half = () => 0.5;

describe("what may mend", () => {
  test.each<[Reason, string, object?]>([
    ["PROVIDER_UNAVAILABLE", "repeat"],
    ["PROVIDER_OVERLOADED", "repeat"],
    ["PROVIDER_TIMEOUT", "repeat"],
    ["PROVIDER_RATE_LIMITED", "repeat"],
    ["PROVIDER_BAD_RESPONSE", "repeat"],
    ["PROVIDER_UNAVAILABLE", "other", { metadata: { cause: "tls" } }],
    ["PROVIDER_BAD_RESPONSE", "other", { metadata: { cause: "redirect" } }],
    ["PROVIDER_RATE_LIMITED", "other", { retryMs: "never" }],
    ["PROVIDER_QUOTA_EXHAUSTED", "other"],
    ["PROVIDER_CREDENTIAL_INVALID", "other"],
    ["CAPABILITY_UNSUPPORTED", "other"],
    ["PROVIDER_INVALID_REQUEST", "none"],
    ["PROVIDER_CONTENT_FILTERED", "none"],
    ["CONTEXT_LENGTH_EXCEEDED", "none"],
    ["CANCELLED", "none"],
    ["DEADLINE_EXCEEDED", "none"],
    ["STREAM_INTERRUPTED", "none"],
    ["INTERNAL", "none"],
  ])("%s: %s %j", (reason, cure, facts = {}) => {
    expect(cureOf(new GatewayError(reason, "", facts))).toBe(cure);
  });
});

test("another target is asked at once, and only while attempts are left", () => {
  expect(afterFailure("repeat", { ...progress, othersLeft: 1 }, rules, half)).toEqual({ next: "other" });
  expect(afterFailure("other", { ...progress, othersLeft: 1 }, rules, half)).toEqual({ next: "other" });
  expect(afterFailure("repeat", { ...progress, othersLeft: 1, attempts: 3 }, rules, half)).toEqual({ next: "stop" });
  expect(afterFailure("none", { ...progress, othersLeft: 1 }, rules, half)).toEqual({ next: "stop" });
  expect(afterFailure("other", { ...progress, readyInMs: [] }, rules, half)).toEqual({ next: "stop" });
});

test("waits are random below a bound that doubles, not before the provider wants, and leave time for an attempt", () => {
  const nats = fc.record({
    repeats: fc.nat(20),
    readyInMs: fc.array(fc.integer({ min: -1000, max: 100_000 }), { minLength: 1, maxLength: 4 }),
    leftMs: fc.nat(120_000),
    initialBackoffMs: fc.integer({ min: 1, max: 10_000 }),
    maxBackoffMs: fc.integer({ min: 1, max: 60_000 }),
    drawn: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  });
  fc.assert(
    fc.property(nats, ({ repeats, readyInMs, leftMs, initialBackoffMs, maxBackoffMs, drawn }) => {
      const now = { ...progress, repeats, readyInMs, leftMs };
      const verdict = afterFailure("repeat", now, { maxAttempts: 3, initialBackoffMs, maxBackoffMs }, () => drawn);
      const soonest = Math.min(...readyInMs);
      if (verdict.next !== "repeat") {
        const latestMs = Math.max(soonest, Math.min(maxBackoffMs, initialBackoffMs * 2 ** repeats));
        expect(soonest > 60_000 || leftMs < latestMs + 100).toBe(true);
        return;
      }
      expect(readyInMs[verdict.index]).toBe(soonest);
      expect(verdict.afterMs).toBeGreaterThanOrEqual(Math.max(0, soonest));
      expect(verdict.afterMs).toBeLessThanOrEqual(Math.max(soonest, maxBackoffMs, 0));
      expect(verdict.afterMs + 100).toBeLessThanOrEqual(leftMs);
    }),
  );
});

test("attempts are as many as the rules say, else enough for each target, and never more than the caller wants", () => {
  const free = { ...rules, maxAttempts: undefined };
  expect([1, 2, 5, 16].map((own) => attemptsOf(free, own, 0))).toEqual([3, 3, 5, 10]);
  expect([0, 1, 8].map((named) => attemptsOf(rules, 5, named))).toEqual([3, 4, 10]);
  expect([1, 9].map((wanted) => attemptsOf(rules, 5, 0, wanted))).toEqual([1, 3]);
});

test("an attempt has its share of the time, a quarter of a second at least, and the last has all", () => {
  expect(attemptShare(10_000, 2)).toBe(4500);
  expect(attemptShare(10_000, 3)).toBe(3000);
  expect(attemptShare(100, 4)).toBe(250);
  expect(attemptShare(10_000, 1)).toBe(Number.POSITIVE_INFINITY);
  expect([usefulMs(), usefulMs(50), usefulMs(3000)]).toEqual([100, 100, 1500]);
});
