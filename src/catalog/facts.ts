import { Modality } from "../../gen/llmhub/v1/content_pb.ts";
import type { ModelFacts, ModelKind, Price } from "../model/target.ts";
import { nanosPerMillion, usdPerMillionMax, usdPerMillionUsesMax } from "./decimal.ts";

/** What the shipped tables and the configuration say of a model. What is left out is unknown. */
export interface ModelEntry {
  /** Left out: "completion". */
  readonly type?: ModelKind | undefined;
  /** For embedding and rerank: of one text. */
  readonly contextWindow?: number | undefined;
  readonly maxOutputTokens?: number | undefined;
  /** Length of the vectors of an embedding model, unless the caller asks for others. */
  readonly dimensions?: number | undefined;
  /** Day on which the provider takes it away: "2026-06-01". */
  readonly retireTime?: string | undefined;
  /** Names of llmhub.v1.Modality in lower case. Left out: text. */
  readonly input?: readonly ModalityName[] | undefined;
  readonly output?: readonly ModalityName[] | undefined;
  /** Words of ModelFacts.features. */
  readonly features?: readonly string[] | undefined;
  /** Left out: unknown. A model that costs nothing has prices of 0. */
  readonly prices?: MeterPrices | undefined;
  /** Prices of long prompts, over the base prices. */
  readonly priceTiers?: readonly PriceTier[] | undefined;
}

/** Name of a modality in tables and configuration. */
export type ModalityName = keyof typeof modalities;

/** US dollars for a million tokens, searches or uses of a tool, by meter. */
export type MeterPrices = Readonly<Partial<Record<Meter, string | number | undefined>>>;

/** Prices that hold from a number of input tokens on, for the whole call. */
export interface PriceTier {
  readonly fromInputTokens: number;
  readonly prices: MeterPrices;
}

/** What is charged for, as CostLine.meter names it. */
export type Meter = (typeof meters)[number];

/** Every meter that has prices. */
export const meters = [
  "input",
  "output",
  "input_audio",
  "output_audio",
  "cache_read",
  "cache_write",
  "cache_write_1h",
  "search_unit",
  "tool:web_search",
  "tool:web_fetch",
] as const;

/** Modalities by their names in tables and configuration. */
export const modalities = {
  text: Modality.TEXT,
  image: Modality.IMAGE,
  audio: Modality.AUDIO,
  video: Modality.VIDEO,
  document: Modality.DOCUMENT,
} as const;

/** Facts of a model of which nothing is known. */
export const unknownFacts: ModelFacts = { ...factsOf({}, ""), type: undefined };

/** An entry in the form the gateway works with. Throws a RangeError on a price that is no decimal number. */
export function factsOf(entry: ModelEntry, priceListName: string): ModelFacts {
  const tiers = [{ fromInputTokens: 0, prices: entry.prices ?? {} }, ...(entry.priceTiers ?? [])];
  const prices = tiers.flatMap(tierPrices);
  return {
    type: entry.type ?? "completion",
    contextWindow: entry.contextWindow ?? 0,
    maxOutputTokens: entry.maxOutputTokens ?? 0,
    dimensions: entry.dimensions ?? 0,
    retireTimeMs: entry.retireTime === undefined ? 0 : Date.parse(entry.retireTime),
    inputModalities: (entry.input ?? ["text"]).map((name) => modalities[name]),
    outputModalities: (entry.output ?? ["text"]).map((name) => modalities[name]),
    features: new Set(entry.features),
    priceList: prices.length > 0 ? { name: priceListName, prices } : undefined,
  };
}

function usdMaxOf(meter: Meter): number {
  return meter.startsWith("tool:") || meter === "search_unit" ? usdPerMillionUsesMax : usdPerMillionMax;
}

function tierPrices({ fromInputTokens, prices }: PriceTier): Price[] {
  return meters.flatMap((meter) => {
    const price = prices[meter];
    return price === undefined
      ? []
      : [{ meter, nanosPerMillion: nanosPerMillion(price, usdMaxOf(meter)), fromInputTokens }];
  });
}
