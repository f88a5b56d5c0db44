import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { objectOf } from "../field.ts";
import type { Rendering } from "./rendering.ts";

/** Keywords that constrain nothing. */
const annotations = ["$schema", "$comment", "default", "deprecated", "examples", "readOnly", "writeOnly"];
/** Keywords that the API's reference lists; it overlooks all others. */
const enforced: ReadonlySet<string> = new Set([
  ...annotations,
  ...["$id", "$defs", "$ref", "$anchor", "type", "format", "title", "description", "enum", "items"],
  ...["prefixItems", "minItems", "maxItems", "minimum", "maximum", "anyOf", "oneOf", "properties"],
  ...["additionalProperties", "required", "propertyOrdering"],
]);
/** Keywords that hold schemas by name, which are no keywords. */
const named: ReadonlySet<string> = new Set(["properties", "$defs"]);
/** Deeper schemas are not looked at. */
const depthMax = 64;

/** Warns of keywords that the provider is known to overlook. `path` is that of the schema. */
export function warnUnenforced(schema: JsonObject, path: string, rendering: Rendering): void {
  const found = new Set<string>();
  collect(schema, found, 0);
  if (found.size > 0) rendering.ignored(path, `the provider does not enforce ${[...found].sort().join(", ")}`);
}

function collect(value: JsonValue, found: Set<string>, depth: number): void {
  if (depth > depthMax) return;
  if (Array.isArray(value)) for (const one of value) collect(one, found, depth + 1);
  const schema = objectOf(value);
  if (schema === undefined) return;
  for (const [keyword, child] of Object.entries(schema)) {
    if (!enforced.has(keyword)) found.add(keyword);
    else if (named.has(keyword)) for (const one of Object.values(objectOf(child) ?? {})) collect(one, found, depth + 1);
    else if (keyword !== "enum" && !annotations.includes(keyword)) collect(child, found, depth + 1);
  }
}
