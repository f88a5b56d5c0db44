import { expect, test } from "vitest";
import { extractModels } from "../../src/catalog/extract.ts";
import type { SourceEntry } from "../../src/catalog/prices.ts";
import { type CatalogSource, sources } from "../../src/catalog/sources.ts";

const entry = {
  litellm_provider: "up",
  mode: "chat",
  max_input_tokens: 1000,
  max_output_tokens: 100,
  input_cost_per_token: 1e-6,
  output_cost_per_token: 2e-6,
};
const up: CatalogSource = { of: /^up$/, name: /^(.+)$/ };

const modelOf = (one: SourceEntry, name = "x") => extractModels({ [name]: { ...entry, ...one } }, up)[name];

test("an entry is read field by field", () => {
  expect(
    modelOf({
      supports_vision: true,
      supports_function_calling: true,
      supports_reasoning: false,
      deprecation_date: "2026-06-01",
      cache_read_input_token_cost: 1e-7,
      input_cost_per_token_above_200k_tokens: 2e-6,
      output_cost_per_token_above_200k_tokens: 3e-6,
      input_cost_per_token_flex: 5e-7,
    }),
  ).toEqual({
    contextWindow: 1000,
    maxOutputTokens: 100,
    retireTime: "2026-06-01",
    input: ["text", "image"],
    features: ["tools", "streaming"],
    prices: { input: "1", output: "2", cache_read: "0.1" },
    priceTiers: [{ fromInputTokens: 200_001, prices: { input: "2", output: "3" } }],
  });
});

test("embedding and rerank models have facts of their own", () => {
  expect(modelOf({ mode: "embedding", output_vector_size: 256, supports_function_calling: true })).toEqual({
    type: "embedding",
    contextWindow: 1000,
    dimensions: 256,
    prices: { input: "1" },
  });
  expect(modelOf({ mode: "rerank", input_cost_per_token: 0, input_cost_per_query: 0.002 })).toEqual({
    type: "rerank",
    contextWindow: 1000,
    prices: { input: "0", search_unit: "2000" },
  });
});

test("features are levels of effort, too, that a model always reasons, and where it answers", () => {
  const levels = { supports_max_reasoning_effort: true, supports_xhigh_reasoning_effort: false };
  expect(modelOf({ ...levels, mode: "responses" }, "claude-fable-5")?.features).toEqual([
    "effort_max",
    "always_reasoning",
    "responses_only",
    "streaming",
  ]);
});

test("modalities are those that one field names; of output, those that have a price", () => {
  const lists = { supported_modalities: ["text", "video"], supported_output_modalities: ["text", "image", "audio"] };
  const model = modelOf({ ...lists, supports_audio_input: true, output_cost_per_audio_token: 4e-6 });
  expect(model?.input).toEqual(["text", "audio", "video"]);
  expect(model?.output).toEqual(["text", "audio"]);
});

test("impossible sizes and days are unknown, and what tells neither size nor price is left out", () => {
  expect(modelOf({ max_input_tokens: -5, max_output_tokens: 1.5, deprecation_date: "soon" })).toEqual({
    features: ["streaming"],
    prices: { input: "1", output: "2" },
  });
  expect(modelOf({ max_input_tokens: "many", input_cost_per_token: null })).toBeUndefined();
});

test("entries of other providers and modes are left out, and so are those the source does not want", () => {
  const table = {
    ok: entry,
    "ft:x": entry,
    "x-search": entry,
    image: { ...entry, mode: "image_generation" },
    other: { ...entry, litellm_provider: "down" },
  };
  expect(Object.keys(extractModels(table, { ...up, name: /^([^:]+)$/, except: /search/ }))).toEqual(["ok"]);
  const sourced = { a: entry, b: { ...entry, source: "https://up.example" }, c: { ...entry, mode: "embedding" } };
  expect(Object.keys(extractModels(sourced, { ...up, sourced: true }))).toEqual(["b", "c"]);
});

test("entries of one name are one model", () => {
  const table = { a: { ...entry, deprecation_date: "2026-06-01" }, "up/a": { ...entry, max_input_tokens: 2000 } };
  expect(extractModels(table, { ...up, name: /^(?:up\/)?(.+)$/ })).toMatchObject({
    a: { contextWindow: 2000, retireTime: "2026-06-01" },
  });
});

test.each([
  ["openai", "openai", "gpt-5", "gpt-5"],
  ["openai", "openai", "ft:gpt-4o", undefined],
  ["openai", "text-completion-openai", "davinci-002", undefined],
  ["azure-openai", "azure", "azure/gpt-5", "gpt-5"],
  ["azure-openai", "azure", "azure/eu/gpt-5", undefined],
  ["gemini", "gemini", "gemini/gemini-2.5-pro", "gemini-2.5-pro"],
  ["gemini", "gemini", "gemini/gemini-2.5-flash-native-audio-latest", undefined],
  ["vertex", "vertex_ai-language-models", "gemini-2.5-pro", "gemini-2.5-pro"],
  ["vertex", "vertex_ai-anthropic_models", "vertex_ai/claude-opus-4@20250514", "claude-opus-4@20250514"],
  ["vertex", "vertex_ai-llama_models", "vertex_ai/meta/llama-4-maas", "meta/llama-4-maas"],
  ["bedrock", "bedrock", "mistral.mistral-7b-instruct-v0:2", "mistral.mistral-7b-instruct-v0:2"],
  ["bedrock", "bedrock_converse", "us-gov.anthropic.claude-x-v1:0", "us-gov.anthropic.claude-x-v1:0"],
  ["bedrock", "bedrock", "bedrock/us-east-1/zai.glm-5", undefined],
  ["bedrock", "bedrock", "claude-sonnet-4-5-20250929-v1:0", undefined],
  ["deepseek", "deepseek", "deepseek-chat", "deepseek-chat"],
  ["deepseek", "deepseek", "deepseek/deepseek-v3", undefined],
  ["cohere", "cohere", "cohere/embed-v4.0", "embed-v4.0"],
  ["cohere", "cohere_chat", "command-r", "command-r"],
  ["groq", "groq", "groq/openai/gpt-oss-20b", "openai/gpt-oss-20b"],
  ["openrouter", "openrouter", "openrouter/openai/gpt-5", "openai/gpt-5"],
  ["together", "together_ai", "together_ai/zai-org/GLM-4.6", "zai-org/GLM-4.6"],
  ["together", "together_ai", "together-ai-up-to-4b", undefined],
  ["fireworks", "fireworks_ai", "fireworks_ai/accounts/fireworks/models/a", "accounts/fireworks/models/a"],
  ["fireworks", "fireworks_ai", "fireworks_ai/accounts/fireworks/models/", undefined],
  ["fireworks", "fireworks_ai", "fireworks_ai/glm-5p1", undefined],
  ["xai", "xai", "xai/grok-4", "grok-4"],
])("for %s, the entry of %s named %s is the model %s", (kind, litellm_provider, tableName, name) => {
  const source = sources[kind];
  expect(source).toBeDefined();
  if (source === undefined) return;
  const table = { [tableName]: { ...entry, litellm_provider, source: "https://up.example" } };
  expect(Object.keys(extractModels(table, source))).toEqual(name === undefined ? [] : [name]);
});
