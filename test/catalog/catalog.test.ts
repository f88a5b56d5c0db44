import { expect, test } from "vitest";
import { Modality } from "../../gen/llmhub/v1/content_pb.ts";
import { catalogOf } from "../../src/catalog/catalog.ts";
import { factsOf, unknownFacts } from "../../src/catalog/facts.ts";

test("the shipped tables hold the prices that the providers publish", () => {
  const mini = catalogOf("openai").get("gpt-4o-mini");
  expect(mini?.contextWindow).toBe(128_000);
  expect(mini?.priceList?.prices).toContainEqual({ meter: "input", nanosPerMillion: 150_000_000n, fromInputTokens: 0 });
  const sonnet = catalogOf("anthropic").get("claude-sonnet-4-20250514");
  expect(sonnet?.priceList?.prices).toContainEqual({
    meter: "cache_write",
    nanosPerMillion: 7_500_000_000n,
    fromInputTokens: 200_001,
  });
});

test("what a search of the web and an hour in the cache cost is shipped", () => {
  const prices = catalogOf("anthropic").get("claude-opus-4-6")?.priceList?.prices;
  expect(prices).toContainEqual({ meter: "tool:web_search", nanosPerMillion: 10_000_000_000_000n, fromInputTokens: 0 });
  expect(prices).toContainEqual({ meter: "cache_write_1h", nanosPerMillion: 10_000_000_000n, fromInputTokens: 0 });
});

test("every shipped model has sizes, a text modality and a price for input and output", () => {
  for (const provider of ["openai", "anthropic"]) {
    const models = catalogOf(provider);
    expect(models.size).toBeGreaterThan(10);
    for (const [name, facts] of models) {
      const meters = facts.priceList?.prices.map(({ meter }) => meter);
      expect([name, facts.contextWindow > 0, facts.maxOutputTokens > 0]).toEqual([name, true, true]);
      expect(meters).toEqual(expect.arrayContaining(["input", "output"]));
      expect(facts.inputModalities).toContain(Modality.TEXT);
    }
  }
});

test("a table is read once, and a provider without one has no models", () => {
  expect(catalogOf("openai")).toBe(catalogOf("openai"));
  expect(catalogOf("nobody").size).toBe(0);
  expect(catalogOf("../../package").size).toBe(0);
});

test("what an entry leaves out is unknown, and a free model is not unknown", () => {
  expect(unknownFacts).toEqual({
    contextWindow: 0,
    maxOutputTokens: 0,
    inputModalities: [Modality.TEXT],
    outputModalities: [Modality.TEXT],
    features: new Set(),
    priceList: undefined,
  });
  expect(factsOf({ prices: { input: 0, output: 0 } }, "own").priceList?.prices).toHaveLength(2);
  expect(() => factsOf({ prices: { input: "1,5" } }, "own")).toThrow(RangeError);
});
