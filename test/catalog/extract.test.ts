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
