import type { ModelKind } from "../model/target.ts";
import { perMillion, usdPerMillionMax, usdPerMillionUsesMax } from "./decimal.ts";
import type { Meter, MeterPrices, ModelEntry, PriceTier } from "./facts.ts";

/** The price table's entry of one model: of its many fields only some are read. */
export type SourceEntry = Readonly<Record<string, unknown>>;

type TokenMeter = Exclude<Meter, `tool:${string}` | "search_unit">;

const priceFields: Readonly<Record<TokenMeter, string>> = {
  input: "input_cost_per_token",
  output: "output_cost_per_token",
  input_audio: "input_cost_per_audio_token",
  output_audio: "output_cost_per_audio_token",
  cache_read: "cache_read_input_token_cost",
  cache_write: "cache_creation_input_token_cost",
  cache_write_1h: "cache_creation_input_token_cost_above_1hr",
};

/** Dearest believable input of a model, in US dollars for a million tokens. Embedding costs below one in 2026. */
const usdPerMillionInputMax: Readonly<Record<ModelKind, number>> = {
  completion: usdPerMillionMax,
  embedding: 10,
  rerank: 10,
};

/** Output costs at most this many times the input: twice what the dearest ask for. */
const outputToInputMax = 20;

/** Names of models that cost nothing. Elsewhere a price of nothing stands for one that the table does not know. */
const freeName = /(^|[-/:])free$/i;

/** Models whose use of the web is told in searches, as the table prices it. */
const searching = /^claude-/;

/** The prices of a model; none where one that every call needs is missing or cannot be right. */
export function priceEntry(
  name: string,
  type: ModelKind,
  entry: SourceEntry,
): Pick<ModelEntry, "prices" | "priceTiers"> {
  const { cache_write_1h: hour, ...base } = pricesAt(entry, "");
  if (typeof entry["input_cost_per_query"] === "number") return searchPrices(entry["input_cost_per_query"]);
  if (!isCredible(name, type, entry)) return {};
  if (type !== "completion") return { prices: { input: base.input } };
  const priceTiers = tiers(entry);
  // A tier without its own price would take over the base's, which is too low there.
  const isHourKnown = hour !== undefined && priceTiers.every(({ prices }) => prices.cache_write_1h !== undefined);
  const prices = {
    ...base,
    ...(isHourKnown ? { cache_write_1h: hour } : {}),
    ...(searching.test(name) ? toolPrices(entry) : {}),
  };
  return priceTiers.length > 0 ? { prices, priceTiers } : { prices };
}

/** Half a price list would pass for a whole one, and so would one with an error in it. */
function isCredible(name: string, type: ModelKind, entry: SourceEntry): boolean {
  const stated = Object.keys(entry).filter((key) => Object.values(priceFields).some((field) => key.startsWith(field)));
  if (!stated.every((key) => isPlausible(entry[key]))) return false;
  // Charged by characters: the price for tokens is then the table's guess of four characters each.
  if (Number(entry["input_cost_per_character"] ?? 0) > 0) return false;
  const [input, output] = [entry[priceFields.input], entry[priceFields.output]];
  // Usage does not tell of pictures and films that a model makes, which cost more than text.
  if (
    [entry["output_cost_per_image_token"], entry["output_cost_per_video_token"]].some(
      (price) => Number(price) > Number(output),
    )
  )
    return false;
  if (typeof input !== "number" || input * 1_000_000 > usdPerMillionInputMax[type]) return false;
  if (type === "completion" && (typeof output !== "number" || output > outputToInputMax * input)) return false;
  return input > 0 || (freeName.test(name) && !output);
}

function isPlausible(usdPerToken: unknown): boolean {
  return typeof usdPerToken === "number" && usdPerToken >= 0 && usdPerToken * 1_000_000 <= usdPerMillionMax;
}

function pricesAt(entry: SourceEntry, suffix: string): MeterPrices {
  const prices: Partial<Record<TokenMeter, string>> = {};
  const input = Number(entry[priceFields.input + suffix]);
  for (const [meter, field] of Object.entries(priceFields) as [TokenMeter, string][]) {
    const price = entry[field + suffix];
    if (typeof price === "number" && isPriceOf(meter, price, input)) prices[meter] = perMillion(price);
  }
  return prices;
}

/** Prices that stand in no possible relation to the input's are left out: copied from other models, or blank. */
function isPriceOf(meter: TokenMeter, price: number, input: number): boolean {
  switch (meter) {
    case "input_audio":
      return price >= input;
    case "cache_read":
      return price > 0 && price < input;
    case "cache_write":
      return price >= input;
    // Writing for an hour costs twice the input.
    case "cache_write_1h":
      return price === 2 * input;
    default:
      return true;
  }
}

/** Where searches are charged, tokens are not. */
function searchPrices(usdPerSearch: number): Pick<ModelEntry, "prices"> {
  const isCredible = usdPerSearch > 0 && usdPerSearch * 1_000_000 <= usdPerMillionUsesMax;
  return isCredible ? { prices: { input: "0", search_unit: perMillion(usdPerSearch) } } : {};
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
