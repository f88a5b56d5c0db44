import type { JsonObject } from "@bufbuild/protobuf";
import { parseExact } from "./exact-json.ts";

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

/** Whether text is JSON of any kind. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A string that UTF-8 can hold, or "" for anything else. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value.toWellFormed() : "";
}

/** A string as it is, which may begin or end with half a surrogate pair, or "" for anything else. */
export function pieceOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A number that an int32 can hold and that counts something, or undefined for anything else. */
export function positionOf(value: unknown): number | undefined {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 31 ? Number(value) : undefined;
}

/** A number as it is, even out of range, or undefined for anything else. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
