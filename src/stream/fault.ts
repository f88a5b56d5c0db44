import { GatewayError } from "../model/error.ts";

/** What the provider sent passes a limit of a parser; `what` reads "a line", and the limit is in the parser's unit. */
export function tooLarge(what: string, limit: number): GatewayError {
  return badStream("stream_limit", `${what} above the limit of ${limit}`);
}

/** The bytes break the format: the provider sent `what`. `cause` is a word for metrics. */
export function badStream(cause: string, what: string): GatewayError {
  return new GatewayError("PROVIDER_BAD_RESPONSE", `the provider sent ${what}`, { metadata: { cause } });
}
