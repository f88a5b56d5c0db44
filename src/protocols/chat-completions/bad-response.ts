import { GatewayError } from "../../model/error.ts";

/** The error for an answer that cannot be read. `cause` is for metrics: lower_snake_case. */
export function badResponse(cause: string, what: string): GatewayError {
  return new GatewayError("PROVIDER_BAD_RESPONSE", `the provider ${what}`, { metadata: { cause } });
}
