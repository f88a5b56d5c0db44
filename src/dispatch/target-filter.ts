import type { TargetFilter } from "../model/policy.ts";
import type { Target } from "../model/target.ts";

/** Why a target is none for a policy with such a filter, in words that follow its name; undefined: it is one. */
export function mismatchOf({ provider, facts, region }: Target, filter: TargetFilter): string | undefined {
  const { regions, tags, features, inputNanosMax, outputNanosMax } = filter;
  if (regions.length > 0 && !isWithin(region, regions)) {
    return region === undefined ? "is in no region that is known" : `is in ${region}`;
  }
  const tag = tags.find((each) => provider.tags?.includes(each) !== true && facts.tags?.has(each) !== true);
  if (tag !== undefined) return `lacks the tag ${tag}`;
  const feature = features.find((each) => !facts.features.has(each));
  if (feature !== undefined) return `is not known to have ${feature}`;
  return tooDear(facts.priceList, "input", inputNanosMax) ?? tooDear(facts.priceList, "output", outputNanosMax);
}

/** Whether a region is one of those, by its name or the beginning of it up to a dash. One that is not known is none. */
export function isWithin(region: string | undefined, regions: readonly string[]): boolean {
  return region !== undefined && regions.some((each) => region === each || region.startsWith(`${each}-`));
}

function tooDear(
  priceList: Target["facts"]["priceList"],
  meter: "input" | "output",
  nanosMax: bigint | undefined,
): string | undefined {
  if (nanosMax === undefined) return undefined;
  const base = priceList?.prices.find((price) => price.meter === meter && price.fromInputTokens === 0);
  if (base === undefined) return `has no known price of ${meter}`;
  return base.nanosPerMillion > nanosMax ? `costs more for ${meter}` : undefined;
}
