import { expect, test } from "vitest";
import { priceEntry, type SourceEntry } from "../../src/catalog/prices.ts";

const base = { input_cost_per_token: 1e-6, output_cost_per_token: 2e-6 };
const pricesOf = (more: SourceEntry, name = "x") => priceEntry(name, "completion", { ...base, ...more }).prices;
const known = { input: "1", output: "2" };

test("every meter of tokens", () => {
  expect(
    pricesOf({
      input_cost_per_audio_token: 3e-6,
      output_cost_per_audio_token: 6e-6,
      cache_read_input_token_cost: 1e-7,
      cache_creation_input_token_cost: 1.25e-6,
      cache_creation_input_token_cost_above_1hr: 2e-6,
    }),
  ).toEqual({
    ...known,
    input_audio: "3",
    output_audio: "6",
    cache_read: "0.1",
    cache_write: "1.25",
    cache_write_1h: "2",
  });
});

test("a search of the web has a price where it is one, for models whose searches are told", () => {
  const search = (low: number, high: number) => ({
    search_context_cost_per_query: { search_context_size_low: low, search_context_size_high: high },
  });
  expect(pricesOf(search(0.01, 0.01), "claude-x")).toEqual({
    ...known,
    "tool:web_search": "10000",
    "tool:web_fetch": "0",
  });
  for (const costs of [search(0.01, 0.02), search(2, 2), {}]) expect(pricesOf(costs, "claude-x")).toEqual(known);
  expect(pricesOf(search(0.01, 0.01), "gemini-x")).toEqual(known);
});

test("an hour in the cache has a price if long prompts have one, too", () => {
  const hour = { cache_creation_input_token_cost_above_1hr: 2e-6 };
  const long = { input_cost_per_token_above_200k_tokens: 2e-6 };
  const longHour = { cache_creation_input_token_cost_above_1hr_above_200k_tokens: 4e-6 };
  expect(pricesOf(hour)).toEqual({ ...known, cache_write_1h: "2" });
  expect(pricesOf({ ...hour, ...long })).toEqual(known);
  expect(priceEntry("x", "completion", { ...base, ...hour, ...long, ...longHour })).toEqual({
    prices: { ...known, cache_write_1h: "2" },
    priceTiers: [{ fromInputTokens: 200_001, prices: { input: "2", cache_write_1h: "4" } }],
  });
});

test.each([
  { cache_creation_input_token_cost_above_1hr: 6e-6 },
  { cache_read_input_token_cost: 0 },
  { cache_read_input_token_cost: 1e-6 },
  { cache_creation_input_token_cost: 0 },
  { cache_creation_input_token_cost: 5e-7 },
  { input_cost_per_audio_token: 5e-7 },
])("%o cannot be beside an input of a millionth", (wrong) => {
  expect(pricesOf(wrong)).toEqual(known);
});

test.each<SourceEntry>([
  { cache_read_input_token_cost: 0.0011 },
  { cache_read_input_token_cost: -1e-6 },
  { cache_read_input_token_cost: "1e-6" },
  { cache_read_input_token_cost: null },
  { input_cost_per_token: 0.0032 },
  { output_cost_per_token: 2.1e-5 },
  { output_cost_per_token: undefined },
  { input_cost_per_token: undefined },
  { input_cost_per_token: 0 },
  { input_cost_per_token: 0, output_cost_per_token: 0 },
  { input_cost_per_character: 2.5e-8 },
  { output_cost_per_video_token: 1.75e-5 },
])("%o takes all prices of the model with it", (wrong) => {
  expect(priceEntry("x", "completion", { ...base, ...wrong })).toEqual({});
});

test("what is free by its name is free", () => {
  const nothing = { input_cost_per_token: 0, output_cost_per_token: 0 };
  expect(pricesOf(nothing, "Llama-Turbo-Free")).toEqual({ input: "0", output: "0" });
  expect(pricesOf(nothing, "openrouter/free")).toEqual({ input: "0", output: "0" });
  expect(pricesOf(nothing, "freedom")).toBeUndefined();
});

test("embedding and rerank need a price for input only, and one that can be theirs", () => {
  expect(priceEntry("x", "embedding", { input_cost_per_token: 1e-7 }).prices).toEqual({ input: "0.1" });
  expect(priceEntry("x", "rerank", { input_cost_per_token: 5e-8 }).prices).toEqual({ input: "0.05" });
  expect(priceEntry("x", "embedding", { input_cost_per_token: 1e-4 }).prices).toBeUndefined();
  expect(priceEntry("x", "embedding", { input_cost_per_token: 0 }).prices).toBeUndefined();
  expect(priceEntry("x", "rerank", { input_cost_per_query: 0.002 }).prices).toEqual({
    input: "0",
    search_unit: "2000",
  });
  for (const wrong of [0, -1, 1.5]) expect(priceEntry("x", "rerank", { input_cost_per_query: wrong })).toEqual({});
});
