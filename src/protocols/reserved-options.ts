import type { JsonObject } from "@bufbuild/protobuf";
import type { Rendering } from "./rendering.ts";

type Refusing = Pick<Rendering, "invalid">;

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

const topLevel = "provider_options";

/** Throws INVALID_REQUEST where options of a request, as merged for the target, set a field of the gateway. `place` is their path. */
export function refuseReserved(options: JsonObject, rendering: Refusing, place = topLevel): void {
  refuseFields(options, reservedOptions, rendering, place);
}

/** The same for fields that are the gateway's in one dialect only. */
export function refuseFields(
  options: JsonObject,
  names: readonly string[],
  rendering: Refusing,
  place = topLevel,
): void {
  for (const field in options) {
    if (names.includes(field)) throw rendering.invalid(`${place}.${field}`, "is set by the gateway alone");
  }
}
