import type { Hints } from "./hints.ts";
import { isObject, type JsonObject, list, number, object, string } from "./json.ts";
import { type Draw, sampleNumber, sampleString } from "./scalar.ts";

const depthSoft = 8;
const depthMax = 40;
const valuesSoft = 5_000;
const valuesMax = 20_000;
const itemsMax = 1_000;

/** Whether to fill only what the schema requires, as models do with arguments, or every property it names. */
export type Fill = "required" | "all";

interface Sampler extends Draw {
  readonly root: unknown;
  readonly fill: Fill;
  values: number;
}

/**
 * A document that is valid for a JSON schema, with values from the prompt where names and kinds allow it. Knows type,
 * const, enum, default, properties, required, additionalProperties, items, prefixItems, the numeric and length bounds,
 * format, anyOf, oneOf, allOf and local $ref. Ends for recursive schemas; at most 20,000 values.
 */
export function sample(schema: unknown, hints: Hints, fill: Fill): unknown {
  return draw({ root: schema, hints, fill, values: 0, phrasesUsed: 0, numbersUsed: 0 }, schema, "", 0);
}

function draw(sampler: Sampler, schema: unknown, name: string, depth: number): unknown {
  sampler.values += 1;
  if (depth > depthMax || sampler.values > valuesMax) return null;
  const flat = flatten(sampler, object(schema), depth);
  if ("const" in flat) return flat["const"];
  const choices = list(flat["enum"]);
  if (choices.length > 0) return chosen(sampler, choices);
  switch (typeOf(flat)) {
    case "object":
      return drawObject(sampler, flat, depth);
    case "array":
      return drawArray(sampler, flat, name, depth);
    case "integer":
      return sampleNumber(sampler, flat, 1);
    case "number":
      return sampleNumber(sampler, flat, 0);
    case "boolean":
      return true;
    case "null":
      return null;
    default:
      return sampleString(sampler, flat, name);
  }
}

function chosen(sampler: Sampler, choices: readonly unknown[]): unknown {
  const text = sampler.hints.text.toLowerCase();
  const named = choices.find((choice) => typeof choice === "string" && text.includes(choice.toLowerCase()));
  return named ?? choices[0];
}

function typeOf(schema: JsonObject): string {
  const type = schema["type"];
  if (typeof type === "string") return type;
  const named = list(type).find((each) => each !== "null") ?? list(type)[0];
  if (named !== undefined) return string(named);
  if ("properties" in schema || "additionalProperties" in schema || "required" in schema) return "object";
  if ("items" in schema || "prefixItems" in schema) return "array";
  if ("minimum" in schema || "maximum" in schema || "multipleOf" in schema) return "number";
  return "string";
}

function isTight(sampler: Sampler, depth: number): boolean {
  return depth > depthSoft || sampler.values > valuesSoft;
}

function drawObject(sampler: Sampler, schema: JsonObject, depth: number): JsonObject {
  const properties = object(schema["properties"]);
  const required = new Set(list(schema["required"]).map(string));
  const everything = sampler.fill === "all" && !isTight(sampler, depth);
  const document: Record<string, unknown> = Object.create(null);
  for (const [key, property] of Object.entries(properties)) {
    if (everything || required.has(key)) document[key] = draw(sampler, property, key, depth + 1);
  }
  const rest = schema["additionalProperties"];
  for (const key of required) if (!(key in document)) document[key] = draw(sampler, rest, key, depth + 1);
  const wanted = Math.min(number(schema["minProperties"]) ?? (everything && isObject(rest) ? 1 : 0), itemsMax);
  for (let at = 1; rest !== false && Object.keys(document).length < wanted; at++) {
    document[`item${at}`] = draw(sampler, rest, "item", depth + 1);
  }
  return { ...document };
}

function drawArray(sampler: Sampler, schema: JsonObject, name: string, depth: number): unknown[] {
  const heads = list(schema["prefixItems"]);
  const least = Math.max(number(schema["minItems"]) ?? 0, sampler.fill === "all" ? heads.length : 0);
  const most = Math.min(number(schema["maxItems"]) ?? itemsMax, itemsMax);
  const wanted = isTight(sampler, depth) ? least : Math.max(least, heads.length, 1);
  const items: unknown[] = [];
  while (items.length < Math.min(wanted, most)) {
    items.push(draw(sampler, heads[items.length] ?? schema["items"], name, depth + 1));
  }
  return items;
}

function flatten(sampler: Sampler, schema: JsonObject, depth: number): JsonObject {
  let flat = schema;
  for (let hops = 0; hops < depthMax; hops++) {
    const { $ref: ref, allOf, anyOf, oneOf, ...own } = flat;
    if (ref !== undefined) flat = merge({ ...own, allOf, anyOf, oneOf }, resolve(sampler.root, string(ref)));
    else if (allOf !== undefined)
      flat = list(allOf)
        .map(object)
        .reduce(merge, { ...own, anyOf, oneOf });
    else if (anyOf !== undefined || oneOf !== undefined) {
      const variants = list(anyOf ?? oneOf).map(object);
      flat = merge(own, variant(variants, isTight(sampler, depth)));
    } else return own;
  }
  return { type: "null" };
}

function variant(variants: readonly JsonObject[], tight: boolean): JsonObject {
  const isNull = (each: JsonObject) => each["type"] === "null";
  const leaf = (each: JsonObject) => isNull(each) || (each["$ref"] === undefined && each["type"] !== "object");
  return variants.find((each) => (tight ? leaf(each) : !isNull(each))) ?? variants[0] ?? {};
}

function merge(one: JsonObject, other: JsonObject): JsonObject {
  const merged: Record<string, unknown> = { ...one };
  for (const [key, value] of Object.entries(other)) if (value !== undefined) merged[key] = value;
  if (one["properties"] !== undefined && other["properties"] !== undefined) {
    merged["properties"] = { ...object(one["properties"]), ...object(other["properties"]) };
  }
  if (one["required"] !== undefined && other["required"] !== undefined) {
    merged["required"] = [...list(one["required"]), ...list(other["required"])];
  }
  return merged;
}

function resolve(root: unknown, pointer: string): JsonObject {
  let at: unknown = root;
  for (const step of pointer.replace(/^#\/?/, "").split("/")) {
    if (step === "") continue;
    const key = step.replaceAll("~1", "/").replaceAll("~0", "~");
    at = Array.isArray(at) ? at[Number(key)] : object(at)[key];
  }
  return object(at);
}
