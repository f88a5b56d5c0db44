import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readHints } from "../../src/simulator/hints.ts";
import { sample } from "../../src/simulator/sample.ts";

const hints = readHints("Book a flight from Paris to New York for 2 people, business class");
const fill = (schema: unknown, which: "required" | "all" = "all") => sample(schema, hints, which);
const of = (properties: object, more: object = {}) => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  ...more,
});
const string = { type: "string" };

describe("sample", () => {
  test("takes names, numbers and choices from the prompt", () => {
    const cabin = { enum: ["economy", "business"] };
    const schema = of({ origin: string, destination: string, seats: { type: "integer" }, cabin });
    expect(fill(schema)).toEqual({ origin: "Paris", destination: "New York", seats: 2, cabin: "business" });
  });

  test("leaves out optional arguments, fills a whole document", () => {
    const schema = { type: "object", properties: { city: string, unit: string }, required: ["city"] };
    expect(fill(schema, "required")).toEqual({ city: "Paris" });
    expect(fill(schema)).toEqual({ city: "Paris", unit: "New York" });
  });

  test.each([
    ["const", { const: 7 }, 7],
    ["nullable type", { type: ["null", "boolean"] }, true],
    ["anyOf without null", { anyOf: [{ type: "null" }, { type: "boolean" }] }, true],
    ["integer above", { type: "integer", minimum: 10, maximum: 20 }, 10],
    ["exclusive bounds", { type: "integer", exclusiveMinimum: 10, exclusiveMaximum: 12 }, 11],
    ["fraction", { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 1 }, 0.5],
    ["multipleOf", { type: "integer", multipleOf: 5, minimum: 7 }, 10],
    ["lengths", { type: "string", minLength: 8, maxLength: 8 }, "Paris..."],
    ["format", { type: "string", format: "date" }, "2025-01-31"],
    ["minItems", { type: "array", items: { const: 1 }, minItems: 3 }, [1, 1, 1]],
    ["maxItems", { type: "array", items: { const: 1 }, maxItems: 0 }, []],
    ["prefixItems", { type: "array", prefixItems: [{ const: 1 }, { const: 2 }] }, [1, 2]],
    ["map", { type: "object", additionalProperties: { const: 1 } }, { item1: 1 }],
    ["allOf", { allOf: [of({ a: { const: 1 } }), of({ b: { const: 2 } })] }, { a: 1, b: 2 }],
    ["required without a property", { type: "object", required: ["a"], additionalProperties: { const: 1 } }, { a: 1 }],
    ["unresolvable $ref", { $ref: "#/nowhere" }, "Paris"],
    ["$ref to itself", { $ref: "#" }, null],
  ])("%s", (_, schema, expected) => {
    expect(fill(schema)).toEqual(expected);
  });

  test("ends for recursive schemas, with a document that is valid", () => {
    const node = of({ value: { const: 1 }, next: { anyOf: [{ $ref: "#/$defs/node" }, { type: "null" }] } });
    const tree = of({ children: { type: "array", items: { $ref: "#/$defs/tree" } } });
    const document = fill({
      $ref: "#/$defs/root",
      $defs: { root: of({ node: { $ref: "#/$defs/node" }, tree: { $ref: "#/$defs/tree" } }), node, tree },
    });
    expect(JSON.stringify(document)).toMatch(/"next":null/);
    expect(JSON.stringify(document)).toMatch(/"children":\[\]/);
  });

  test("stays small for a schema that doubles at every step", () => {
    const both = { $ref: "#/$defs/pair" };
    const document = fill({ ...both, $defs: { pair: of({ left: both, right: both }) } });
    expect(JSON.stringify(document).length).toBeLessThan(1_000_000);
  });

  test("is valid for any schema of the common keywords", () => {
    fc.assert(
      fc.property(schemas, fc.constantFrom("required" as const, "all" as const), (schema, which) => {
        expect(faultIn(schema, fill(schema, which))).toBeUndefined();
      }),
    );
  });
});

interface Schema {
  readonly type: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

const small = fc.integer({ min: -50, max: 50 });
const size = fc.integer({ min: 0, max: 5 });
const { schema: schemas } = fc.letrec<{ schema: Schema }>((tie) => ({
  schema: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.tuple(small, size).map(([minimum, span]) => ({ type: "integer", minimum, maximum: minimum + span })),
    fc.tuple(small, size).map(([minimum, span]) => ({ type: "number", minimum, maximum: minimum + span })),
    fc.tuple(size, size).map(([minLength, span]) => ({ type: "string", minLength, maxLength: minLength + span })),
    fc.constant({ type: "boolean" }),
    fc.tuple(size, tie("schema")).map(([minItems, items]) => ({ type: "array", minItems, items })),
    fc.dictionary(fc.string(), tie("schema"), { maxKeys: 4 }).map((properties) => ({
      type: "object",
      properties,
      required: Object.keys(properties).slice(1),
    })),
  ),
}));

function faultIn(schema: Schema, value: unknown): string | undefined {
  const at = `${JSON.stringify(value)} for ${JSON.stringify(schema)}`;
  const { minimum = 0, maximum = 0, minLength = 0, maxLength = 0, minItems = 0, items, properties = {} } = schema;
  if (schema.type === "boolean") return typeof value === "boolean" ? undefined : at;
  if (schema.type === "string") {
    return typeof value === "string" && value.length >= minLength && value.length <= maxLength ? undefined : at;
  }
  if (schema.type === "array") {
    if (!Array.isArray(value) || value.length < minItems) return at;
    return items && value.map((item) => faultIn(items, item)).find((fault) => fault !== undefined);
  }
  if (schema.type === "object") {
    const entries = Object.entries(Object(value));
    if (schema.required?.some((key) => !Object.hasOwn(Object(value), key))) return at;
    return entries.map(([key, member]) => (properties[key] ? faultIn(properties[key], member) : at)).find(Boolean);
  }
  const whole = schema.type === "number" || Number.isInteger(value);
  return whole && Number(value) >= minimum && Number(value) <= maximum ? undefined : at;
}
