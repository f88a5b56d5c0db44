import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { callerTimeoutMs, effectiveTimeoutMs, timeoutMsMax } from "../../src/server/deadline.ts";

describe("callerTimeoutMs", () => {
  test.each([
    [{}, undefined],
    [{ "grpc-timeout": "2H" }, 7_200_000],
    [{ "grpc-timeout": "3M" }, 180_000],
    [{ "grpc-timeout": "4S" }, 4000],
    [{ "grpc-timeout": "5m" }, 5],
    [{ "grpc-timeout": "5000u" }, 5],
    [{ "grpc-timeout": "0m" }, 0],
    [{ "grpc-timeout": "99999999H" }, timeoutMsMax],
    [{ "grpc-timeout": "99999999999999999999H" }, timeoutMsMax],
    [{ "connect-timeout-ms": "1500" }, 1500],
    [{ "connect-timeout-ms": "99999999999999999999" }, timeoutMsMax],
    [{ "x-llmhub-timeout-ms": "70" }, 70],
    [{ "grpc-timeout": "1S", "x-llmhub-timeout-ms": "70" }, 70],
  ])("%j", (headers, expected) => {
    expect(callerTimeoutMs(headers)).toBe(expected);
  });

  test.each([
    { "grpc-timeout": "" },
    { "grpc-timeout": "5" },
    { "grpc-timeout": "-5S" },
    { "grpc-timeout": "1.5S" },
    { "grpc-timeout": "5s" },
    { "connect-timeout-ms": "5m" },
    { "connect-timeout-ms": "Infinity" },
    { "x-llmhub-timeout-ms": ["1", "2"] },
  ])("refuses %j", (headers) => {
    expect(() => callerTimeoutMs(headers)).toThrow(expect.objectContaining({ reason: "INVALID_REQUEST" }));
  });

  test("never overflows, and accepts exactly what is a duration", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 32n - 1n }), fc.constantFrom(..."HMSmun"), (amount, unit) => {
        const ms = callerTimeoutMs({ "grpc-timeout": `${amount}${unit}` }) ?? Number.NaN;
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThanOrEqual(timeoutMsMax);
        expect(ms === 0).toBe(amount === 0n);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (value) => {
        fc.pre(!/^\d{1,32}[HMSmun]$/.test(value));
        expect(() => callerTimeoutMs({ "grpc-timeout": value })).toThrow();
      }),
    );
  });
});

describe("effectiveTimeoutMs", () => {
  test("takes the operator's longest where the caller brings no deadline", () => {
    expect(effectiveTimeoutMs(undefined, 600_000)).toBe(600_000);
  });

  test("has nothing to give within the last millisecond", () => {
    expect(() => effectiveTimeoutMs(0, 1000)).toThrow(expect.objectContaining({ reason: "DEADLINE_EXCEEDED" }));
    expect(() => effectiveTimeoutMs(0.9, 1000)).toThrow(expect.objectContaining({ reason: "DEADLINE_EXCEEDED" }));
  });

  test("ends before the caller gives up, but not much before", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: timeoutMsMax }),
        fc.integer({ min: 1, max: timeoutMsMax }),
        (caller, longest) => {
          const ms = effectiveTimeoutMs(caller, longest);
          expect(ms).toBeLessThan(Math.min(caller, longest));
          expect(ms).toBeGreaterThanOrEqual(Math.min(caller, longest) * 0.8);
          expect(ms).toBeGreaterThanOrEqual(Math.min(caller, longest) - 50);
        },
      ),
    );
  });
});
