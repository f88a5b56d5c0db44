import type { JsonObject } from "@bufbuild/protobuf";
import { parseExact } from "../exact-json.ts";

/** A JSON object, if the value is one. */
export function objectOf(value: unknown): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

/** A JSON object out of text that may be anything. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The same, but written out again its numbers are as they were. */
export function parseExactObject(text: string): JsonObject | undefined {
  try {
    return objectOf(parseExact(text));
  } catch {
    return undefined;
  }
}

/** A string, or "" for anything else. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A number as it is, even out of range, or undefined for anything else. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
