import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Modality } from "../../gen/llmhub/v1/content_pb.ts";
import { ModalityTokensSchema, UsageSchema, UsageSource } from "../../gen/llmhub/v1/usage_pb.ts";
import { costOf, estimateCost } from "../../src/model/cost.ts";
import type { Price, PriceList } from "../../src/model/target.ts";

const price = (meter: string, nanosPerMillion: bigint, fromInputTokens = 0): Price => ({
  meter,
  nanosPerMillion,
  fromInputTokens,
});
const list = (...prices: Price[]): PriceList => ({ name: "test", prices });
const usageOf = (inputTokens: number, outputTokens: number, cacheReadTokens?: number, cacheWriteTokens?: number) =>
  create(UsageSchema, {
    inputTokens,
    outputTokens,
    source: UsageSource.PROVIDER,
    ...(cacheReadTokens === undefined ? {} : { cacheReadTokens }),
    ...(cacheWriteTokens === undefined ? {} : { cacheWriteTokens }),
  });

/** Half to even by another road: compares the distances to both neighbours. */
function rounded(numerator: bigint): bigint {
  const below = numerator / 1_000_000n;
  const above = below + 1n;
  const toBelow = numerator - below * 1_000_000n;
  const toAbove = above * 1_000_000n - numerator;
  if (toBelow === toAbove) return below % 2n === 0n ? below : above;
  return toBelow < toAbove ? below : above;
}

test("every line and the sum are exact, rounded once", () => {
  const nanos = fc.bigInt({ min: 0n, max: 1_000_000_000_000n });
  const tokens = fc.nat(2 ** 30);
  fc.assert(
    fc.property(tokens, tokens, tokens, tokens, fc.tuple(nanos, nanos, nanos, nanos), (plain, read, write, out, p) => {
      const cached = Math.floor(read / 4);
      const written = Math.floor(write / 4);
      const usage = usageOf(Math.floor(plain / 2) + cached + written, out, cached, written);
      const quantities = [Math.floor(plain / 2), cached, written, out].map(BigInt);
      const prices = list(
        price("input", p[0]),
        price("cache_read", p[1]),
        price("cache_write", p[2]),
        price("output", p[3]),
      );
      const exact = quantities.map((quantity, i) => quantity * (p[i] ?? 0n));
      const cost = costOf(usage, prices);
      expect(cost?.total?.amountNanos).toBe(rounded(exact.reduce((sum, line) => sum + line, 0n)));
      const amounts = exact.filter((_, i) => quantities[i] !== 0n).map(rounded);
      expect(cost?.lines.map((line) => line.amount?.amountNanos)).toEqual(amounts);
    }),
  );
});

test("halves go to the even neighbour", () => {
  const halfNano = list(price("input", 500_000n), price("output", 500_000n));
  expect(costOf(usageOf(1, 0), halfNano)?.total?.amountNanos).toBe(0n);
  expect(costOf(usageOf(3, 0), halfNano)?.total?.amountNanos).toBe(2n);
  expect(costOf(usageOf(1, 1), halfNano)?.total?.amountNanos).toBe(1n);
});

test("a known answer: 1,000 tokens in, 200 of them cached, 500 out", () => {
  const prices = list(
    price("input", 2_500_000_000n),
    price("cache_read", 1_250_000_000n),
    price("output", 10_000_000_000n),
  );
  const cost = costOf(usageOf(1000, 500, 200), prices);
  expect(cost).toMatchObject({ priceList: "test", estimated: false, total: { amountNanos: 7_250_000n } });
  expect(cost?.lines.map(({ meter, quantity }) => [meter, quantity])).toEqual([
    ["input", 800n],
    ["cache_read", 200n],
    ["output", 500n],
  ]);
});

test("cached tokens without their own price count as input", () => {
  const prices = list(price("input", 1_000_000n), price("output", 1_000_000n));
  expect(costOf(usageOf(100, 0, 40, 10), prices)?.total?.amountNanos).toBe(100n);
});

test("tokens written for an hour have a price of their own or none", () => {
  const base = [price("input", 1_000_000n), price("output", 1_000_000n), price("cache_write", 1_250_000n)];
  const usage = { ...usageOf(1000, 0, 100, 400), cacheWrite1hTokens: 100 };
  const cost = costOf(usage, list(...base, price("cache_write_1h", 2_000_000n)));
  expect(cost?.lines.map(({ meter, quantity }) => [meter, quantity])).toEqual([
    ["input", 600n],
    ["cache_write", 300n],
    ["cache_write_1h", 100n],
  ]);
  expect(cost?.total?.amountNanos).toBe(600n + 375n + 200n);
  expect(costOf(usage, list(...base))).toBeUndefined();
  expect(costOf({ ...usage, cacheWrite1hTokens: 0 }, list(...base))?.total?.amountNanos).toBe(600n + 500n);
});

test("uses of tools are charged for each, and unknown where they have no price", () => {
  const prices = [
    price("input", 1_000_000n),
    price("output", 1_000_000n),
    price("tool:web_search", 10_000_000_000_000n),
  ];
  const usage = { ...usageOf(10, 5), toolUses: { web_search: 3 } };
  expect(costOf(usage, list(...prices))?.total?.amountNanos).toBe(30_000_015n);
  expect(costOf(usage, list(...prices.slice(0, 2)))).toBeUndefined();
  expect(costOf({ ...usage, toolUses: { toString: 1 } }, list(...prices))).toBeUndefined();
  expect(costOf({ ...usage, toolUses: { web_fetch: 0 } }, list(...prices))?.total?.amountNanos).toBe(15n);
});

test("sound has prices of its own where the list has them", () => {
  const text = [price("input", 1_000_000n), price("output", 2_000_000n), price("cache_read", 500_000n)];
  const sound = [price("input_audio", 10_000_000n), price("output_audio", 20_000_000n)];
  const share = create(ModalityTokensSchema, { modality: Modality.AUDIO, inputTokens: 40, outputTokens: 30 });
  const usage = { ...usageOf(100, 50), byModality: [share] };
  expect(costOf(usage, list(...text))?.total?.amountNanos).toBe(200n);
  const cost = costOf(usage, list(...text, ...sound));
  expect(cost?.total?.amountNanos).toBe(60n + 400n + 40n + 600n);
  expect(cost?.lines.map(({ meter, quantity }) => [meter, quantity])).toEqual([
    ["input", 60n],
    ["input_audio", 40n],
    ["output", 20n],
    ["output_audio", 30n],
  ]);
});

test("how much of the sound was cached is not told, and so is its price", () => {
  const prices = list(price("input", 1_000_000n), price("output", 1_000_000n), price("input_audio", 10_000_000n));
  const share = create(ModalityTokensSchema, { modality: Modality.AUDIO, inputTokens: 40 });
  expect(costOf({ ...usageOf(100, 0, 10), byModality: [share] }, prices)).toBeUndefined();
  expect(costOf({ ...usageOf(100, 0, 0), byModality: [share] }, prices)?.total?.amountNanos).toBe(460n);
  expect(costOf(usageOf(100, 0, 10), prices)?.total?.amountNanos).toBe(100n);
});

test("where searches are charged, their number must be known", () => {
  const prices = list(price("input", 0n), price("search_unit", 2_000_000_000_000n));
  expect(costOf({ ...usageOf(500, 0), searchUnits: 3 }, prices)?.total?.amountNanos).toBe(6_000_000n);
  expect(costOf(usageOf(500, 0), prices)).toBeUndefined();
});

test("a service tier that is not the standard one has no known price", () => {
  const prices = list(price("input", 1_000_000n), price("output", 1_000_000n));
  expect(costOf({ ...usageOf(10, 5), serviceTier: "priority" }, prices)).toBeUndefined();
});

test("the tier is chosen by all input tokens and holds for the whole call", () => {
  const prices = list(price("input", 1_000_000n), price("output", 1_000_000n), price("input", 2_000_000n, 200_001));
  expect(costOf(usageOf(200_000, 0), prices)?.total?.amountNanos).toBe(200_000n);
  expect(costOf(usageOf(200_001, 10), prices)?.total?.amountNanos).toBe(400_012n);
});

test("unknown is undefined, free is zero", () => {
  expect(costOf(usageOf(1, 1), undefined)).toBeUndefined();
  expect(costOf(usageOf(1, 1), list())).toBeUndefined();
  expect(costOf(usageOf(1, 1), list(price("input", 1n)))).toBeUndefined();
  expect(costOf(usageOf(1, 1), list(price("input", 0n), price("output", 0n)))?.total?.amountNanos).toBe(0n);
});

test("a cost that rests on an estimate says so", () => {
  const prices = list(price("input", 1_000_000n), price("output", 3_000_000n));
  expect(estimateCost(10, 5, prices)).toMatchObject({ estimated: true, total: { amountNanos: 25n } });
});
