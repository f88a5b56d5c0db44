import type { JsonObject } from "@bufbuild/protobuf";
import type { GatewayError } from "../model/error.ts";

/**
 * Body fields that decide which model answers, what is asked, and how the answer is read, here or at a server that routes
 * on: a caller who could set them would get past the permissions of a key and past the prices.
 */
const reservedOptions = [
  "model",
  "models",
  "route",
  "preset",
  "fallbacks",
  "messages",
  "input",
  "query",
  "documents",
  "stream",
  "background",
  "n",
] as const;

/** Throws `invalid` of the path where provider_options of a request, as merged for the target, set a field of the gateway. */
export function refuseReserved(options: JsonObject, invalid: (field: string, message: string) => GatewayError): void {
  for (const name of reservedOptions) {
    if (Object.hasOwn(options, name)) throw invalid(`provider_options.${name}`, "is set by the gateway alone");
  }
}
