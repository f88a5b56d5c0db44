import { perMillion, usdPerMillionMax, usdPerMillionUsesMax } from "./decimal.ts";
import type { Meter, MeterPrices, ModalityName, ModelEntry, PriceTier } from "./facts.ts";

/** The price table's entry of one model: of its many fields only some are read. */
export type SourceEntry = Readonly<Record<string, unknown>>;

type TokenMeter = Exclude<Meter, `tool:${string}`>;

const priceFields: Readonly<Record<TokenMeter, string>> = {
  input: "input_cost_per_token",
  output: "output_cost_per_token",
  cache_read: "cache_read_input_token_cost",
  cache_write: "cache_creation_input_token_cost",
  cache_write_1h: "cache_creation_input_token_cost_above_1hr",
};

const featureFields: Readonly<Record<string, string>> = {
  tools: "supports_function_calling",
  parallel_tools: "supports_parallel_function_calling",
  json_schema: "supports_response_schema",
  reasoning: "supports_reasoning",
  prompt_cache: "supports_prompt_caching",
  adaptive_reasoning: "supports_adaptive_thinking",
  effort_none: "supports_none_reasoning_effort",
  effort_minimal: "supports_minimal_reasoning_effort",
  effort_xhigh: "supports_xhigh_reasoning_effort",
  effort_max: "supports_max_reasoning_effort",
};

/** Features that the table states by naming what a model refuses. */
const refusedFields: Readonly<Record<string, string>> = {
  fixed_sampling: "supports_sampling_params",
};

/** Models that are reported to refuse to be kept from reasoning; the table does not say. */
const alwaysReasoning = /^claude-fable-5/;

const inputFields: readonly (readonly [ModalityName, string])[] = [
  ["image", "supports_vision"],
  ["audio", "supports_audio_input"],
  ["document", "supports_pdf_input"],
];

/** Fine-tunes, sound, search variants with a fee of their own, and things that are no model. */
const unwanted = /^ft:|audio|search|\//;

/**
 * The chat models of one provider out of the price table, by name. Prices nobody could ask for (above 1000 dollars per
 * million tokens, negative, not a number) are left out, and with them all prices of that model: half a price list would
 * pass for a whole one.
 */
export function extractModels(
  table: Readonly<Record<string, SourceEntry>>,
  provider: string,
): Record<string, ModelEntry> {
  const models = Object.entries(table)
    .filter(
      ([name, entry]) => entry["litellm_provider"] === provider && entry["mode"] === "chat" && !unwanted.test(name),
    )
    .map(([name, entry]): [string, ModelEntry] => [name, modelEntry(name, entry)]);
  return Object.fromEntries(models.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function modelEntry(name: string, entry: SourceEntry): ModelEntry {
  const features = [
    ...Object.keys(featureFields).filter((feature) => entry[featureFields[feature] ?? ""] === true),
    ...Object.keys(refusedFields).filter((feature) => entry[refusedFields[feature] ?? ""] === false),
  ];
  const input = inputFields.filter(([, field]) => entry[field] === true).map(([name]) => name);
  return {
    contextWindow: count(entry["max_input_tokens"]),
    maxOutputTokens: count(entry["max_output_tokens"]),
    input: ["text", ...input],
    features: [...features, ...(alwaysReasoning.test(name) ? ["always_reasoning"] : []), "streaming"],
    ...priceEntry(entry),
  };
}

function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

function priceEntry(entry: SourceEntry): Pick<ModelEntry, "prices" | "priceTiers"> {
  const fields = Object.values(priceFields);
  const stated = Object.keys(entry).filter((key) => fields.some((field) => key.startsWith(field)));
  if (!stated.every((key) => isPlausible(entry[key]))) return {};
  const { cache_write_1h: hour, ...base } = pricesAt(entry, "");
  if (base.input === undefined || base.output === undefined) return {};
  const priceTiers = tiers(entry);
  // A tier without its own price would take over the base's, which is too low there.
  const isHourKnown = hour !== undefined && priceTiers.every(({ prices }) => prices.cache_write_1h !== undefined);
  const prices = { ...base, ...(isHourKnown ? { cache_write_1h: hour } : {}), ...toolPrices(entry) };
  return priceTiers.length > 0 ? { prices, priceTiers } : { prices };
}

function isPlausible(usdPerToken: unknown): boolean {
  return typeof usdPerToken === "number" && usdPerToken >= 0 && usdPerToken * 1_000_000 <= usdPerMillionMax;
}

function pricesAt(entry: SourceEntry, suffix: string): MeterPrices {
  const prices: Partial<Record<TokenMeter, string>> = {};
  for (const [meter, field] of Object.entries(priceFields) as [TokenMeter, string][]) {
    const price = entry[field + suffix];
    if (typeof price === "number" && isPriceOf(meter, price, entry, suffix)) prices[meter] = perMillion(price);
  }
  return prices;
}

/** Writing for an hour costs twice the input; elsewhere the table has a number copied from another model. */
function isPriceOf(meter: TokenMeter, price: number, entry: SourceEntry, suffix: string): boolean {
  return meter !== "cache_write_1h" || price === 2 * Number(entry[priceFields.input + suffix]);
}

/** A search has a price if that does not depend on how much of the pages is read. Beside it, fetching is free. */
function toolPrices({ search_context_cost_per_query: costs }: SourceEntry): MeterPrices {
  const [price, ...others] = new Set(Object.values(costs ?? {}));
  const isOne = typeof price === "number" && price >= 0 && others.length === 0;
  if (!isOne || price * 1_000_000 > usdPerMillionUsesMax) return {};
  return { "tool:web_search": perMillion(price), "tool:web_fetch": "0" };
}

/** "…_above_200k_tokens" holds from the 200,001st token on. */
function tiers(entry: SourceEntry): PriceTier[] {
  const sizes = Object.keys(entry).flatMap((key) => /^input_cost_per_token_above_(\d+)k_tokens$/.exec(key)?.[1] ?? []);
  return sizes.map((size) => ({
    fromInputTokens: Number(size) * 1000 + 1,
    prices: pricesAt(entry, `_above_${size}k_tokens`),
  }));
}
