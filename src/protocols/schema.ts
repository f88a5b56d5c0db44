import type { JsonObject } from "@bufbuild/protobuf";
import type { JsonSchemaFormat } from "../../gen/llmhub/v1/completion_pb.ts";
import { parseExactObject } from "./field.ts";
import type { Rendering } from "./rendering.ts";
import { sortKeys } from "./sort-keys.ts";

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
      return sortKeys(source.value);
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

/** The schema that an answer is to keep, for dialects that take nothing else of it and keep it always. */
export function strictSchemaOf(format: JsonSchemaFormat, rendering: Rendering): JsonObject | undefined {
  const path = "response_format.json_schema";
  const { name, description, definition, strict } = format;
  if (name !== "" || description !== "") rendering.ignored(path, "name and description of the schema are not sent");
  if (strict === false) rendering.changed(`${path}.strict`, "a schema is always kept strictly");
  return schemaOf(definition, `${path}.schema_json`, rendering);
}
