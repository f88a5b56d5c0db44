import type { JsonObject } from "@bufbuild/protobuf";
import * as v from "valibot";
import { type FieldViolation, invalidRequest } from "../services/bad-request.ts";

/** Problems of a body that an error names; the first tell enough. */
const issuesMax = 20;

/** Values of a body whose problems are all looked for: each problem takes more memory than what it is about. */
const valuesMax = 10_000;

/**
 * A body as its schema wants it. Throws INVALID_REQUEST that names each field and what it has to be, and never a value; of a
 * long body the first field.
 */
export function readBody<Schema extends v.GenericSchema>(schema: Schema, value: unknown): v.InferOutput<Schema> {
  const first = v.safeParse(schema, value, { abortEarly: true });
  if (first.success) return first.output;
  const result = new Census().isShort(value) ? v.safeParse(schema, value) : first;
  if (result.success) return result.output;
  throw invalidRequest(result.issues.slice(0, issuesMax).map(violationOf));
}

/** Counts the values in JSON, as far as they are few. */
class Census {
  #left = valuesMax;

  isShort(value: unknown): boolean {
    if (--this.#left < 0) return false;
    if (typeof value !== "object" || value === null) return true;
    if (Array.isArray(value)) return value.length <= this.#left && value.every((item) => this.isShort(item));
    return Object.values(value).every((item) => this.isShort(item));
  }
}

/** The error for one field that is wrong. `field` is a path in the body: "messages[2].content". */
export function invalidField(field: string, description: string, reason = "value") {
  return invalidRequest([{ field, reason, description }]);
}

/** Fields that are given in a body and that a schema does not name. Undefined: there are none. */
export function otherFields(body: JsonObject, known: ReadonlySet<string>): JsonObject | undefined {
  let others: JsonObject | undefined;
  for (const name in body) {
    const value = body[name];
    if (known.has(name) || !isGiven(value)) continue;
    others ??= {};
    others[name] = value;
  }
  return others;
}

/** What stands at a place of a body; undefined where there is no such place. */
export function placeIn(body: unknown, path: readonly (string | number)[]): unknown {
  let found = body;
  for (const step of path) found = (found as Record<string | number, unknown> | undefined)?.[step];
  return found;
}

/** Whether a field is there: left out and null say the same. */
export function isGiven<T>(value: T | null | undefined): value is T {
  return value !== undefined && value !== null;
}

function violationOf(issue: v.GenericIssue): FieldViolation {
  const { at, issue: told } = deepest(issue, []);
  return { field: pathOf(at), reason: told.type, description: descriptionOf(told) };
}

type Keys = readonly unknown[];

/** Where one of several forms fits best, what is wrong with that one. Paths of its issues begin at the value. */
function deepest(issue: v.GenericIssue, before: Keys): { readonly at: Keys; readonly issue: v.GenericIssue } {
  const at = [...before, ...(issue.path?.map(({ key }) => key) ?? [])];
  let best: ReturnType<typeof deepest> = { at, issue };
  for (const inner of issue.issues ?? []) {
    const candidate = deepest(inner, at);
    if (candidate.at.length > best.at.length) best = candidate;
  }
  return best;
}

function pathOf(keys: Keys): string {
  return keys.map((key, depth) => stepOf(key, depth === 0)).join("");
}

function stepOf(key: unknown, isFirst: boolean): string {
  if (typeof key === "number") return `[${key}]`;
  return `${isFirst ? "" : "."}${String(key)}`;
}

/** The library's own words repeat what was received, which is content. */
function descriptionOf({ type, expected, message, received }: v.GenericIssue): string {
  if (received === "undefined") return "is required";
  // Words of the schema itself begin otherwise.
  if (!message.startsWith("Invalid ")) return message;
  return expected === null ? `is not a valid ${type.replaceAll("_", " ")}` : `must be ${expected}`;
}
