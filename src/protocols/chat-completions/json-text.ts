import type { JsonObject } from "@bufbuild/protobuf";
import { parseExact } from "../exact-json.ts";
import type { Rendering } from "../rendering.ts";
import { isObject } from "./wire.ts";

/** The object in a JSON text of the request, with its keys in their order and its numbers as they are written. Throws INVALID_REQUEST naming `field`. */
export function parseObject(text: string, field: string, losses: Rendering): JsonObject {
  let value: unknown;
  try {
    value = parseExact(text);
  } catch {
    throw losses.invalid(field, "is not valid JSON");
  }
  if (!text.trimStart().startsWith("{") || !isObject<JsonObject>(value)) {
    throw losses.invalid(field, "must be a JSON object");
  }
  return value;
}
