import type { ModelFacts, Target } from "./target.ts";

/**
 * What is known of the model that answered, by the name that it gives itself: a name can lead to another model today than
 * when the table was made, a provider can route on, and a deployment bears the operator's name. Prices that the operator
 * has set for the model that was asked hold whatever answers; so does all that is known of it where the table lacks the other.
 */
export function servedFacts({ provider, model, facts }: Target, served: string): ModelFacts {
  const found = served === model ? undefined : provider.models.get(served);
  if (found === undefined) return facts;
  const { priceList } = facts;
  return priceList === undefined || priceList.name === found.priceList?.name ? found : facts;
}
