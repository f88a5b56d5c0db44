import { GatewayError } from "../model/error.ts";

/** Most parts of one answer. */
export const partsMax = 1024;

/** The error for an answer that cannot be read. `cause` is for metrics: lower_snake_case. */
export function badResponse(cause: string, what: string): GatewayError {
  return new GatewayError("PROVIDER_BAD_RESPONSE", `the provider ${what}`, { metadata: { cause } });
}

/** The error for an answer of more than 1,024 parts. */
export function tooManyParts(): GatewayError {
  return badResponse("parts_limit", `sent more than ${partsMax} parts`);
}

/** The error for a stream that ends without its terminal marker. */
export function truncated(): GatewayError {
  return new GatewayError("STREAM_INTERRUPTED", "the provider's stream broke off before its end", {
    metadata: { cause: "truncated" },
  });
}
