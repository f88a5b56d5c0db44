import { isDeepStrictEqual } from "node:util";
import type { FileRegistry } from "@bufbuild/protobuf";
import { toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { type JsonSchema, refTo, type Schemas } from "./json-schema.ts";
import { fieldSchema } from "./proto-schema.ts";

/** What `ownField` says of the field "llmhub". */
interface FieldsOf {
  readonly message: string;
  readonly names: readonly string[];
}

/**
 * The schema of a body that valibot checks. What has a name in it is added to `schemas`. It needs a development dependency:
 * only the generator and tests may import it.
 */
export function bodySchema(schema: v.GenericSchema, files: FileRegistry, schemas: Schemas): JsonSchema {
  const converted = toJsonSchema(schema, {
    target: "draft-2020-12",
    typeMode: "input",
    // Checks in code have no form in JSON Schema; the gateway makes them when it reads a body.
    errorMode: "ignore",
    overrideSchema: ({ valibotSchema, jsonSchema }) =>
      valibotSchema.type === "loose_object" ? { ...jsonSchema, additionalProperties: true } : undefined,
  });
  const { $schema, ...whole }: JsonSchema = Object.fromEntries(Object.entries(converted));
  return placed(whole, files, schemas);
}

/** Puts what has a name among the schemas, and what ProtoJSON has in its place. */
function placed(schema: JsonSchema, files: FileRegistry, schemas: Schemas): JsonSchema {
  const inner: JsonSchema = Object.fromEntries(
    Object.entries(schema).map(([keyword, value]) => [keyword, within(keyword, value, files, schemas)]),
  );
  const { fieldsOf, title, ...rest } = plain(inner);
  if (fieldsOf !== undefined) return { ...rest, ...withFields(fieldsOf as FieldsOf, files, schemas) };
  if (title === undefined) return rest;
  if (schemas[title] !== undefined && !isDeepStrictEqual(schemas[title], rest)) {
    throw new Error(`two schemas have the name ${title}`);
  }
  schemas[title] = rest;
  return refTo(title);
}

/** The same in fewer words: null as one of the types, and no list of nothing. */
function plain(schema: JsonSchema): JsonSchema {
  const { anyOf, required, properties, ...rest } = schema;
  const [one, none] = anyOf ?? [];
  const isNullable = anyOf?.length === 2 && typeof one?.type === "string" && one.enum === undefined;
  const alternatives =
    isNullable && none?.type === "null" ? { ...one, type: [one.type, "null"] } : anyOf === undefined ? {} : { anyOf };
  return {
    ...(properties === undefined || Object.keys(properties).length === 0 ? {} : { properties }),
    ...(required === undefined || required.length === 0 ? {} : { required }),
    ...alternatives,
    ...rest,
  };
}

function within(keyword: string, value: unknown, files: FileRegistry, schemas: Schemas): unknown {
  switch (keyword) {
    case "properties":
      return Object.fromEntries(
        Object.entries(value as Record<string, JsonSchema>).map(([name, one]) => [name, placed(one, files, schemas)]),
      );
    case "items":
      return placed(value as JsonSchema, files, schemas);
    case "additionalProperties":
      return typeof value === "object" ? placed(value as JsonSchema, files, schemas) : value;
    case "anyOf":
    case "oneOf":
    case "allOf":
      return (value as readonly JsonSchema[]).map((one) => placed(one, files, schemas));
    default:
      return value;
  }
}

function withFields({ message, names }: FieldsOf, files: FileRegistry, schemas: Schemas): JsonSchema {
  const desc = files.getMessage(message);
  const fields = names.map((name) => {
    const field = desc?.fields.find(({ jsonName }) => jsonName === name);
    if (field === undefined) throw new Error(`${message} has no field ${name}`);
    return [name, fieldSchema(field, schemas)] as const;
  });
  const form = { type: "object", properties: Object.fromEntries(fields), additionalProperties: false };
  return { anyOf: [form, { type: "null" }] };
}
