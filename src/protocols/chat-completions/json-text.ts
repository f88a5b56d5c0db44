import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { LossReport } from "./loss-report.ts";

/** The object in a JSON text of the request, with its keys in their order. Throws INVALID_REQUEST naming `field`. */
export function parseObject(text: string, field: string, losses: LossReport): JsonObject {
  let value: JsonValue;
  try {
    value = JSON.parse(text);
  } catch {
    throw losses.invalid(field, "is not valid JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw losses.invalid(field, "must be a JSON object");
  }
  return value;
}

/** The value with the keys of every object sorted: a Struct has no order, and a provider's prompt cache needs one. */
export function sortKeys(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, child]) => [key, sortKeys(child)]));
}
