/** What servers call the service that is not priced apart; those with one tier repeat what was asked for. */
const standardTiers: ReadonlySet<string> = new Set(["", "auto", "default", "standard", "on_demand"]);

/** The tier that served a call where its prices differ, for Usage.service_tier; empty for the standard one. */
export function pricedTier(tier: unknown): string {
  return typeof tier === "string" && !standardTiers.has(tier) ? tier : "";
}
