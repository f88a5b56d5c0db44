import { expect, test } from "vitest";
import { extractModels } from "../../src/catalog/extract.ts";

const entry = {
  litellm_provider: "openai",
  mode: "chat",
  max_input_tokens: 1000,
  max_output_tokens: 100,
  input_cost_per_token: 1e-6,
  output_cost_per_token: 2e-6,
};

test("an entry is read field by field", () => {
  const table = {
    "gpt-x": {
      ...entry,
      supports_vision: true,
      supports_function_calling: true,
      supports_reasoning: false,
      cache_read_input_token_cost: 1e-7,
      input_cost_per_token_above_200k_tokens: 2e-6,
      output_cost_per_token_above_200k_tokens: 3e-6,
      input_cost_per_token_flex: 5e-7,
    },
  };
  expect(extractModels(table, "openai")).toEqual({
    "gpt-x": {
      contextWindow: 1000,
      maxOutputTokens: 100,
      input: ["text", "image"],
      features: ["tools", "streaming"],
      prices: { input: "1", output: "2", cache_read: "0.1" },
      priceTiers: [{ fromInputTokens: 200_001, prices: { input: "2", output: "3" } }],
    },
  });
});

test("prices beside those of tokens, and what an hour in the cache costs", () => {
  const cached = {
    ...entry,
    cache_creation_input_token_cost: 1.25e-6,
    cache_creation_input_token_cost_above_1hr: 2e-6,
  };
  const search = (low: number, high: number) => ({
    search_context_cost_per_query: { search_context_size_low: low, search_context_size_high: high },
  });
  const long = { ...cached, input_cost_per_token_above_200k_tokens: 2e-6 };
  const pricesOf = (one: Record<string, unknown>) => extractModels({ x: one }, "openai")["x"]?.prices;
  const base = { input: "1", output: "2", cache_write: "1.25" };
  expect(pricesOf({ ...cached, ...search(0.01, 0.01) })).toEqual({
    ...base,
    cache_write_1h: "2",
    "tool:web_search": "10000",
    "tool:web_fetch": "0",
  });
  expect(pricesOf({ ...long, ...search(0.01, 0.02) })).toEqual(base);
  expect(pricesOf({ ...cached, cache_creation_input_token_cost_above_1hr: 6e-6, ...search(2, 2) })).toEqual(base);
});

test("features are levels of effort, too, and that a model always reasons", () => {
  const models = extractModels(
    { "claude-fable-5": { ...entry, supports_max_reasoning_effort: true, supports_xhigh_reasoning_effort: false } },
    "openai",
  );
  expect(models["claude-fable-5"]?.features).toEqual(["effort_max", "always_reasoning", "streaming"]);
});

test("only chat models of the provider are kept", () => {
  const table = {
    ok: entry,
    "ft:gpt-x": entry,
    "gpt-audio": entry,
    "gpt-x-search-preview": entry,
    "openai/container": entry,
    image: { ...entry, mode: "image_generation" },
    other: { ...entry, litellm_provider: "azure" },
  };
  expect(Object.keys(extractModels(table, "openai"))).toEqual(["ok"]);
});

test("one impossible price takes all prices of the model with it", () => {
  for (const wrong of [0.0011, -1e-6, "1e-6", null]) {
    const models = extractModels({ x: { ...entry, cache_read_input_token_cost: wrong } }, "openai");
    expect(models["x"]?.prices).toBeUndefined();
    expect(models["x"]?.contextWindow).toBe(1000);
  }
});

test("half a price list is none, and impossible sizes are unknown", () => {
  const { output_cost_per_token: _, ...half } = entry;
  const models = extractModels({ half, odd: { ...entry, max_input_tokens: -5, max_output_tokens: 1.5 } }, "openai");
  expect(models["half"]?.prices).toBeUndefined();
  expect(models["odd"]).toMatchObject({ contextWindow: undefined, maxOutputTokens: undefined });
});
