import type { ModelFacts } from "../model/target.ts";

/** What is known of a model that no table names: nothing, and in particular no price. */
export const unknownModel: ModelFacts = Object.freeze({
  type: undefined,
  contextWindow: 0,
  maxOutputTokens: 0,
  dimensions: 0,
  retireTimeMs: 0,
  inputModalities: Object.freeze([]),
  outputModalities: Object.freeze([]),
  features: new Set<string>(),
  priceList: undefined,
});

/** Ends of names that tell one edition of a model: "-2024-08-06", "-20250929", "-001", "@20250929". */
const edition = /(?:-(?:\d{4}-\d\d-\d\d|\d{8}|\d{3})|@[\w.-]+)$/;

/**
 * What is known of a model by its name; of an edition that the table does not have, what is known of the model without it,
 * but for the price and the day of its end, which differ from edition to edition.
 */
export function knownFacts(models: ReadonlyMap<string, ModelFacts>, model: string): ModelFacts {
  const exact = models.get(model);
  if (exact !== undefined) return exact;
  const like = edition.test(model) ? models.get(model.replace(edition, "")) : undefined;
  return like === undefined ? unknownModel : { ...like, priceList: undefined, retireTimeMs: 0 };
}
