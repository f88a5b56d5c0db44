import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { parseExactObject } from "./field.ts";
import type { Rendering } from "./rendering.ts";

/** A JSON Schema as a request gives it: as an object, as text, or not at all. */
export type SchemaSource =
  | { readonly case: "parameters" | "schema"; readonly value: JsonObject }
  | { readonly case: "parametersJson" | "schemaJson"; readonly value: string }
  | { readonly case: undefined; readonly value?: undefined };

/** The schema as an object. Keys of a Struct have no order of their own and are sorted, so that prompt caches still hit. */
export function schemaOf(source: SchemaSource, path: string, rendering: Rendering): JsonObject | undefined {
  switch (source.case) {
    case "parameters":
    case "schema":
      return sorted(source.value) as JsonObject;
    case "parametersJson":
    case "schemaJson": {
      const schema = parseExactObject(source.value);
      if (schema === undefined) throw rendering.invalid(path, "must be the JSON text of an object");
      return schema;
    }
    default:
      return undefined;
  }
}

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, member]) => [key, sorted(member)]));
}
