import {
  type DescEnum,
  type DescField,
  type DescMessage,
  type DescOneof,
  getOption,
  ScalarType,
} from "@bufbuild/protobuf";
import { field as fieldRules, oneof as oneofRules } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { commentOf } from "./comments.ts";
import { type JsonSchema, refTo, type Schemas } from "./json-schema.ts";

/** Messages that ProtoJSON writes in a form of their own. */
const wellKnown: Readonly<Record<string, JsonSchema>> = {
  "google.protobuf.Timestamp": { type: "string", format: "date-time" },
  "google.protobuf.Duration": { type: "string", pattern: "^-?\\d+(\\.\\d{1,9})?s$", examples: ["1.5s"] },
  "google.protobuf.FieldMask": { type: "string" },
  "google.protobuf.Struct": { type: "object", additionalProperties: true },
  "google.protobuf.ListValue": { type: "array", items: {} },
  "google.protobuf.Value": {},
  "google.protobuf.Empty": { type: "object" },
  "google.protobuf.Any": {
    type: "object",
    properties: { "@type": { type: "string" } },
    required: ["@type"],
    additionalProperties: true,
  },
};

/** The schema of a message in ProtoJSON. What it consists of is added to `schemas`, each under its full name. */
export function protoSchema(message: DescMessage, schemas: Schemas): JsonSchema {
  const own = wellKnown[message.typeName];
  if (own !== undefined) return own;
  const name = message.typeName;
  if (schemas[name] === undefined) {
    // Before its fields are looked at: messages can hold themselves.
    schemas[name] = {};
    schemas[name] = objectOf(message, schemas);
  }
  return refTo(name);
}

/** The schema of a field, its description and its rules included. */
export function fieldSchema(field: DescField, schemas: Schemas): JsonSchema {
  return { ...formOf(field, schemas), ...rulesOf(field), ...about(commentOf(field)) };
}

function objectOf(message: DescMessage, schemas: Schemas): JsonSchema {
  const properties = Object.fromEntries(message.fields.map((field) => [field.jsonName, fieldSchema(field, schemas)]));
  const required = message.fields.filter((field) => getOption(field, fieldRules).required);
  const choices = message.oneofs.map(choiceOf);
  return {
    type: "object",
    ...about(commentOf(message)),
    properties,
    ...(required.length === 0 ? {} : { required: required.map(({ jsonName }) => jsonName) }),
    ...(choices.length === 0 ? {} : { allOf: choices }),
  };
}

/** At most one of the fields, or exactly one where the rules ask for it. */
function choiceOf(oneof: DescOneof): JsonSchema {
  const given = oneof.fields.map(({ jsonName }) => ({ required: [jsonName] }));
  return { oneOf: getOption(oneof, oneofRules).required ? given : [...given, { not: { anyOf: given } }] };
}

function formOf(field: DescField, schemas: Schemas): JsonSchema {
  switch (field.fieldKind) {
    case "scalar":
      return scalarOf(field.scalar);
    case "enum":
      return enumOf(field.enum, schemas);
    case "message":
      return protoSchema(field.message, schemas);
    case "list":
      return { type: "array", items: elementOf(field, field.listKind, schemas) };
    case "map":
      return { type: "object", additionalProperties: elementOf(field, field.mapKind, schemas) };
  }
}

function elementOf(
  { scalar, enum: values, message }: Pick<DescField, "scalar" | "enum" | "message">,
  kind: "scalar" | "enum" | "message",
  schemas: Schemas,
): JsonSchema {
  if (kind === "enum" && values !== undefined) return enumOf(values, schemas);
  if (kind === "message" && message !== undefined) return protoSchema(message, schemas);
  if (scalar === undefined) throw new Error("a field of no known type");
  return scalarOf(scalar);
}

function scalarOf(scalar: ScalarType): JsonSchema {
  switch (scalar) {
    case ScalarType.STRING:
      return { type: "string" };
    case ScalarType.BOOL:
      return { type: "boolean" };
    case ScalarType.BYTES:
      return { type: "string", contentEncoding: "base64" };
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return { type: "number" };
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      // Doubles do not hold them all: answers have text, requests may have either.
      return { type: ["string", "integer"], format: "int64" };
    default:
      return { type: "integer", format: "int32" };
  }
}

function enumOf(values: DescEnum, schemas: Schemas): JsonSchema {
  const name = values.typeName;
  const meanings = values.values.map((value) => `${value.name}: ${commentOf(value)}`);
  schemas[name] = {
    type: "string",
    description: [commentOf(values), ...meanings].join("\n\n"),
    enum: values.values.map((value) => value.name),
  };
  return refTo(name);
}

/** What protovalidate checks that JSON Schema has words for. */
function rulesOf(field: DescField): JsonSchema {
  const { type } = getOption(field, fieldRules);
  switch (type.case) {
    case "string": {
      const { minLen, maxLen, pattern } = type.value;
      return { ...size("minLength", minLen), ...size("maxLength", maxLen), ...(pattern ? { pattern } : {}) };
    }
    case "int32":
    case "int64":
    case "double": {
      const { greaterThan: low, lessThan: high } = type.value;
      return {
        ...(low.case === "gte" ? { minimum: Number(low.value) } : {}),
        ...(low.case === "gt" ? { exclusiveMinimum: Number(low.value) } : {}),
        ...(high.case === "lte" ? { maximum: Number(high.value) } : {}),
        ...(high.case === "lt" ? { exclusiveMaximum: Number(high.value) } : {}),
      };
    }
    case "repeated":
      return { ...size("minItems", type.value.minItems), ...size("maxItems", type.value.maxItems) };
    case "map":
      return size("maxProperties", type.value.maxPairs);
    default:
      return {};
  }
}

function size(keyword: string, count: bigint): JsonSchema {
  return count === 0n ? {} : { [keyword]: Number(count) };
}

function about(description: string): JsonSchema {
  return description === "" ? {} : { description };
}
