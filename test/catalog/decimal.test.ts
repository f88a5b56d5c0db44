import fc from "fast-check";
import { expect, test } from "vitest";
import { nanosPerMillion, perMillion } from "../../src/catalog/decimal.ts";

test("dollars per million become billionths, exactly", () => {
  const prices = ["0", "0.15", 0.15, "15", "1.5e-1", "0.000000001", 2.5];
  expect(prices.map((price) => nanosPerMillion(price))).toEqual([
    0n,
    150_000_000n,
    150_000_000n,
    15_000_000_000n,
    150_000_000n,
    1n,
    2_500_000_000n,
  ]);
});

test("dollars per token become dollars per million without binary rounding", () => {
  expect([1.5e-7, 7.5e-8, 0.000003, 0, 1e-3, 1.3e-7].map(perMillion)).toEqual([
    "0.15",
    "0.075",
    "3",
    "0",
    "1000",
    "0.13",
  ]);
});

test("there and back is exact for every price a billionth can hold", () => {
  fc.assert(
    fc.property(fc.nat(1_000_000_000), (nanos) => {
      const text = `${Math.floor(nanos / 1e9)}.${String(nanos % 1e9).padStart(9, "0")}`;
      expect(nanosPerMillion(text)).toBe(BigInt(nanos));
      expect(nanosPerMillion(perMillion(Number(`${nanos}e-15`)))).toBe(BigInt(nanos));
    }),
  );
});

test("what is no price is refused", () => {
  for (const wrong of [
    "",
    "-1",
    "1,5",
    "0x10",
    "1e",
    "NaN",
    "1001",
    "0.0000000001",
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -1,
  ]) {
    expect(() => nanosPerMillion(wrong)).toThrow(RangeError);
  }
});
