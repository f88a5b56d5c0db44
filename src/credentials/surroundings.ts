import type { GatewayError } from "../model/error.ts";

/** What credentials see of the machine they run on. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of the user, where command-line tools keep their logins. */
  readonly homeDirectory: string;
  /** Wall clock in milliseconds. */
  readonly now: () => number;
  /** Hears of a renewal that failed while the old token was still good, so that nobody's call failed of it. */
  readonly renewalFailed?: (error: GatewayError) => void;
}
