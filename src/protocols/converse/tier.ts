import type { Rendering } from "./rendering.ts";

/** Our words for the service tiers of Bedrock. */
const tiers: ReadonlyMap<string, string> = new Map([
  ["default", "default"],
  ["standard", "default"],
  ["auto", "default"],
  ["priority", "priority"],
  ["flex", "flex"],
  ["reserved", "reserved"],
]);

/** The service tier that is asked for, in the API's words; undefined where none is. */
export function tierOf(rendering: Rendering): string | undefined {
  const wanted = rendering.request.serviceTier;
  if (wanted === "") return undefined;
  const tier = tiers.get(wanted);
  if (tier === undefined) rendering.ignored("service_tier", `"${wanted}" is not a tier here`);
  else if (tier !== wanted) rendering.changed("service_tier", `"${tier}" is used for "${wanted}"`);
  return tier;
}
