import type { GatewayError, Reason } from "./error.ts";
import type { Provider } from "./target.ts";

/**
 * What a failed attempt speaks against: the provider's address, the model there, the credential, or only the rate of calls
 * ("rate") or the account ("quota").
 */
export type Blame = "endpoint" | "model" | "credential" | "rate" | "quota";

/** Failures of the connection rather than of what is behind it. */
const connectionCauses: ReadonlySet<string | undefined> = new Set([
  "connect",
  "connect_timeout",
  "dns",
  "tls",
  "reset",
  "program",
]);

const blames: Partial<Record<Reason, Blame>> = {
  PROVIDER_UNAVAILABLE: "model",
  PROVIDER_OVERLOADED: "model",
  PROVIDER_TIMEOUT: "model",
  PROVIDER_BAD_RESPONSE: "model",
  STREAM_INTERRUPTED: "model",
  PROVIDER_RATE_LIMITED: "rate",
  PROVIDER_QUOTA_EXHAUSTED: "quota",
  PROVIDER_CREDENTIAL_INVALID: "credential",
};

/** Undefined: the failure is the caller's doing, and says nothing about the provider. */
export function blameOf(error: GatewayError, { timeouts }: Pick<Provider, "timeouts">): Blame | undefined {
  const blame = blames[error.reason];
  if (blame !== "model") return blame;
  const { cause, timeoutMs } = error.info;
  if (cause === "provider_rate_limited") return "rate";
  // The whole time of a slow reader, or a wait that the caller wanted shorter than the provider's.
  if (cause === "total") return undefined;
  if (cause === "first_output" && Number(timeoutMs) < Math.min(timeouts.firstOutputMs, timeouts.totalMs)) {
    return undefined;
  }
  const { status } = error.upstream;
  if (error.reason === "PROVIDER_UNAVAILABLE" && status >= 400 && status < 500) return undefined;
  return connectionCauses.has(cause) ? "endpoint" : "model";
}
