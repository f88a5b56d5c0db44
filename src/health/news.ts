import type { Scope } from "./place.ts";
import type { SharedPause } from "./shared-cooldowns.ts";

/** A circuit that has opened or closed; what is half open each finds out for itself. */
export interface CircuitNews {
  /** As `accountName` says it. */
  readonly provider: string;
  readonly scope: Scope;
  /** Empty unless that is the scope. */
  readonly model: string;
  readonly state: "open" | "closed";
}

/** What one worker found out about a provider, for the others. */
export type HealthNews =
  | { readonly case: "pause"; readonly pause: SharedPause }
  | { readonly case: "circuit"; readonly circuit: CircuitNews };
