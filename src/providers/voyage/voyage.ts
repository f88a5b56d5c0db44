import { catalogOf } from "../../catalog/catalog.ts";
import { bearer } from "../authorize.ts";
import { patternOf } from "../pattern.ts";
import type { ProviderFacts } from "../provider.ts";
import { voyageEmbeddings } from "./embed.ts";
import { voyageRerank } from "./rerank.ts";

/** Voyage AI's own API, which has no list of models. */
export const voyage: ProviderFacts = {
  kind: "voyage",
  displayName: "Voyage AI",
  baseUrl: "https://api.voyageai.com/v1",
  keyVariable: "VOYAGE_API_KEY",
  keyRequired: true,
  authorize: bearer,
  dialects: () => ({ embed: () => voyageEmbeddings, rerank: () => voyageRerank }),
  models: () => catalogOf("voyage"),
  patterns: ["voyage-*", "rerank-2*"].map(patternOf),
  healthPath: undefined,
};
