import { perMillion, usdPerMillionMax } from "./decimal.ts";
import type { Meter, MeterPrices, ModalityName, ModelEntry, PriceTier } from "./facts.ts";

/** The price table's entry of one model: of its many fields only some are read. */
export type SourceEntry = Readonly<Record<string, unknown>>;

const priceFields: Readonly<Record<Meter, string>> = {
  input: "input_cost_per_token",
  output: "output_cost_per_token",
  cache_read: "cache_read_input_token_cost",
  cache_write: "cache_creation_input_token_cost",
};

const featureFields: Readonly<Record<string, string>> = {
  tools: "supports_function_calling",
  parallel_tools: "supports_parallel_function_calling",
  json_schema: "supports_response_schema",
  reasoning: "supports_reasoning",
  prompt_cache: "supports_prompt_caching",
  adaptive_reasoning: "supports_adaptive_thinking",
};

/** Features that the table states by naming what a model refuses. */
const refusedFields: Readonly<Record<string, string>> = {
  fixed_sampling: "supports_sampling_params",
};

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
    .map(([name, entry]): [string, ModelEntry] => [name, modelEntry(entry)]);
  return Object.fromEntries(models.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function modelEntry(entry: SourceEntry): ModelEntry {
  const features = [
    ...Object.keys(featureFields).filter((feature) => entry[featureFields[feature] ?? ""] === true),
    ...Object.keys(refusedFields).filter((feature) => entry[refusedFields[feature] ?? ""] === false),
  ];
  const input = inputFields.filter(([, field]) => entry[field] === true).map(([name]) => name);
  return {
    contextWindow: count(entry["max_input_tokens"]),
    maxOutputTokens: count(entry["max_output_tokens"]),
    input: ["text", ...input],
    features: [...features, "streaming"],
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
  const prices = pricesAt(entry, "");
  if (prices.input === undefined || prices.output === undefined) return {};
  const priceTiers = tiers(entry);
  return priceTiers.length > 0 ? { prices, priceTiers } : { prices };
}

function isPlausible(usdPerToken: unknown): boolean {
  return typeof usdPerToken === "number" && usdPerToken >= 0 && usdPerToken * 1_000_000 <= usdPerMillionMax;
}

function pricesAt(entry: SourceEntry, suffix: string): MeterPrices {
  const prices: Partial<Record<Meter, string>> = {};
  for (const [meter, field] of Object.entries(priceFields) as [Meter, string][]) {
    const price = entry[field + suffix];
    if (typeof price === "number") prices[meter] = perMillion(price);
  }
  return prices;
}

/** "…_above_200k_tokens" holds from the 200,001st token on. */
function tiers(entry: SourceEntry): PriceTier[] {
  const sizes = Object.keys(entry).flatMap((key) => /^input_cost_per_token_above_(\d+)k_tokens$/.exec(key)?.[1] ?? []);
  return sizes.map((size) => ({
    fromInputTokens: Number(size) * 1000 + 1,
    prices: pricesAt(entry, `_above_${size}k_tokens`),
  }));
}
