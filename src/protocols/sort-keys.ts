import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

/** The object with its keys, and those of every object in it, sorted: a Struct has no order, and a prompt cache needs one. */
export function sortKeys(object: JsonObject): JsonObject {
  const entries = Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, child]) => [key, sorted(child)]));
}

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  return value === null || typeof value !== "object" ? value : sortKeys(value);
}
