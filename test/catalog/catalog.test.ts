import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Modality } from "../../gen/llmhub/v1/content_pb.ts";
import { type CatalogTable, catalogOf, tableText } from "../../src/catalog/catalog.ts";
import { extractModels } from "../../src/catalog/extract.ts";
import { factsOf, unknownFacts } from "../../src/catalog/facts.ts";
import { sources } from "../../src/catalog/sources.ts";
import { root } from "../support/source.ts";

const folder = join(root, "src/catalog");
const textOf = (kind: string) => readFileSync(join(folder, `${kind}.generated.json`), "utf8");
const tableOf = (kind: string): CatalogTable => JSON.parse(textOf(kind));
const kinds = Object.keys(sources);
const nanosPerDollar = 1_000_000_000n;

test("every provider has its table, all of them are small, and no table is left over", () => {
  const files = readdirSync(folder).filter((name) => name.endsWith(".generated.json"));
  expect(files.sort()).toEqual(kinds.map((kind) => `${kind}.generated.json`).sort());
  expect(kinds.reduce((bytes, kind) => bytes + textOf(kind).length, 0)).toBeLessThan(400_000);
});

test.each(kinds)("the table of %s holds models with sizes and prices that can be", (kind) => {
  const models = catalogOf(kind);
  expect(models.size).toBeGreaterThan(3);
  for (const [name, facts] of models) {
    const { type, contextWindow, maxOutputTokens, dimensions, retireTimeMs, inputModalities, priceList } = facts;
    expect([name, contextWindow > 0 || priceList !== undefined]).toEqual([name, true]);
    expect(inputModalities).toContain(Modality.TEXT);
    expect(retireTimeMs === 0 || new Date(retireTimeMs).getUTCFullYear() > 2024).toBe(true);
    if (type !== "completion") expect([name, maxOutputTokens]).toEqual([name, 0]);
    if (type !== "embedding") expect([name, dimensions]).toEqual([name, 0]);
    const meters = new Map(priceList?.prices.map(({ meter, nanosPerMillion }) => [meter, nanosPerMillion]));
    if (priceList === undefined) continue;
    expect([...meters.keys()]).toEqual(expect.arrayContaining(type === "completion" ? ["input", "output"] : ["input"]));
    const dearest = (meters.has("search_unit") ? 10_000n : type === "completion" ? 1_000n : 10n) * nanosPerDollar;
    for (const [meter, nanos] of meters) {
      if (!meter.startsWith("tool:"))
        expect([name, meter, nanos >= 0n && nanos <= dearest]).toEqual([name, meter, true]);
    }
  }
});

/** Dollars for a million, as the price table has them for one. */
test.each([
  ["openai", "gpt-4o-mini", { input: 0.15, output: 0.6, cache_read: 0.075 }],
  ["openai", "gpt-5", { input: 1.25, output: 10, cache_read: 0.125 }],
  ["openai", "gpt-5-pro", { input: 15, output: 120 }],
  ["openai", "gpt-audio", { input: 2.5, output: 10, input_audio: 32, output_audio: 64 }],
  ["openai", "text-embedding-3-small", { input: 0.02 }],
  ["azure-openai", "gpt-4.1", { input: 2, output: 8, cache_read: 0.5 }],
  ["anthropic", "claude-haiku-4-5", { input: 1, output: 5, cache_read: 0.1, cache_write: 1.25, cache_write_1h: 2 }],
  ["anthropic", "claude-opus-4-6", { input: 5, cache_write_1h: 10, "tool:web_search": 10_000, "tool:web_fetch": 0 }],
  ["gemini", "gemini-2.5-flash", { input: 0.3, output: 2.5, input_audio: 1, cache_read: 0.03 }],
  ["gemini", "gemini-embedding-001", { input: 0.15 }],
  ["vertex", "claude-sonnet-4-6", { input: 3, output: 15, cache_read: 0.3, cache_write: 3.75 }],
  ["vertex", "gemini-2.5-pro", { input: 1.25, output: 10, cache_read: 0.125 }],
  ["bedrock", "amazon.nova-lite-v1:0", { input: 0.06, output: 0.24 }],
  ["bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", { input: 3.3, output: 16.5, cache_read: 0.33 }],
  ["bedrock", "cohere.rerank-v3-5:0", { input: 0, search_unit: 2_000 }],
  ["deepseek", "deepseek-chat", { input: 0.28, output: 0.42, cache_read: 0.028 }],
  ["mistral", "mistral-large-latest", { input: 0.5, output: 1.5 }],
  ["cohere", "command-a-03-2025", { input: 2.5, output: 10 }],
  ["cohere", "rerank-v3.5", { input: 0, search_unit: 2_000 }],
  ["groq", "llama-3.3-70b-versatile", { input: 0.59, output: 0.79 }],
  ["xai", "grok-4", { input: 3, output: 15 }],
  ["openrouter", "openai/gpt-4o", { input: 2.5, output: 10 }],
  ["together", "openai/gpt-oss-120b", { input: 0.15, output: 0.6 }],
  ["fireworks", "accounts/fireworks/models/kimi-k2-thinking", { input: 0.6, output: 2.5 }],
  ["voyage", "voyage-3.5", { input: 0.06 }],
  ["voyage", "rerank-2.5", { input: 0.05 }],
])("%s asks for %s what its price list says", (kind, name, dollars) => {
  const prices = catalogOf(kind).get(name)?.priceList?.prices ?? [];
  for (const [meter, price] of Object.entries(dollars)) {
    expect(prices).toContainEqual({ meter, nanosPerMillion: BigInt(Math.round(price * 1e9)), fromInputTokens: 0 });
  }
});

test("long prompts have prices of their own", () => {
  expect(catalogOf("anthropic").get("claude-sonnet-4-20250514")?.priceList?.prices).toContainEqual({
    meter: "cache_write",
    nanosPerMillion: 7_500_000_000n,
    fromInputTokens: 200_001,
  });
});

test("facts beside prices", () => {
  expect(catalogOf("openai").get("gpt-4o-mini")).toMatchObject({ type: "completion", contextWindow: 128_000 });
  expect(catalogOf("openai").get("gpt-5-pro")?.features).toContain("responses_only");
  expect(catalogOf("openai").get("text-embedding-3-large")).toMatchObject({ type: "embedding", dimensions: 3072 });
  expect(catalogOf("gemini").get("gemini-2.5-pro")?.inputModalities).toContain(Modality.VIDEO);
  expect(catalogOf("gemini").get("gemini-2.0-flash")?.retireTimeMs).toBe(Date.UTC(2026, 5, 1));
  expect(catalogOf("cohere").get("embed-english-light-v3.0")).toMatchObject({ contextWindow: 512, dimensions: 384 });
  expect(catalogOf("bedrock").get("anthropic.claude-3-5-sonnet-20241022-v2:0")?.contextWindow).toBe(200_000);
});

test("what the price table cannot have right has no price", () => {
  const none = [
    ["cohere", "embed-multilingual-light-v3.0"],
    ["together", "Qwen/Qwen3-235B-A22B-Instruct-2507-tput"],
    ["vertex", "meta/llama-3.1-8b-instruct-maas"],
    ["vertex", "text-embedding-005"],
    ["openrouter", "openrouter/auto"],
  ] as const;
  for (const [kind, name] of none) expect(catalogOf(kind).get(name)).toMatchObject({ priceList: undefined });
});

const pricesFile = join(
  process.env["LLMHUB_SHARED"] ?? join(root, "..", "shared"),
  "specs/model-prices/model_prices_and_context_window.json",
);

test.runIf(existsSync(pricesFile))("the shipped tables are what the price table gives", () => {
  const prices = JSON.parse(readFileSync(pricesFile, "utf8"));
  for (const [kind, source] of Object.entries(sources)) {
    const { priceList } = tableOf(kind);
    expect(textOf(kind)).toBe(tableText({ priceList, models: extractModels(prices, source) }));
  }
});

test("a table is read once, and a provider without one has no models", () => {
  expect(catalogOf("openai")).toBe(catalogOf("openai"));
  expect(catalogOf("nobody").size).toBe(0);
  expect(catalogOf("../../package").size).toBe(0);
});

test("what an entry leaves out is unknown, and a free model is not unknown", () => {
  expect(unknownFacts).toEqual({
    type: undefined,
    contextWindow: 0,
    maxOutputTokens: 0,
    dimensions: 0,
    retireTimeMs: 0,
    inputModalities: [Modality.TEXT],
    outputModalities: [Modality.TEXT],
    features: new Set(),
    priceList: undefined,
  });
  expect(factsOf({ prices: { input: 0, output: 0 } }, "own").priceList?.prices).toHaveLength(2);
  expect(() => factsOf({ prices: { input: "1,5" } }, "own")).toThrow(RangeError);
});
