import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { parseExact } from "../exact-json.ts";
import type { LossReport } from "./loss-report.ts";
import { isObject } from "./wire.ts";

/** The object in a JSON text of the request, with its keys in their order and its numbers as they are written. Throws INVALID_REQUEST naming `field`. */
export function parseObject(text: string, field: string, losses: LossReport): JsonObject {
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

/** The object with its keys, and those of every object in it, sorted: a Struct has no order, and a prompt cache needs one. */
export function sortKeys(object: JsonObject): JsonObject {
  const entries = Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, child]) => [key, sorted(child)]));
}

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  return value === null || typeof value !== "object" ? value : sortKeys(value);
}
