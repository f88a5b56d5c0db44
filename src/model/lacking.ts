import { GatewayError } from "./error.ts";

/** The refusal of an operation that a provider has not at all. */
export function lacking(providerId: string, operation: string): GatewayError {
  return new GatewayError("FEATURE_DISABLED", `provider ${providerId} has no ${operation}`, {
    metadata: { feature: `${providerId}.${operation}` },
  });
}
