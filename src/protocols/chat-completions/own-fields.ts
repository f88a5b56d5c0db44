import type { JsonObject } from "@bufbuild/protobuf";
import { objectOf } from "../field.ts";
import type { ChatAnswer } from "./wire.ts";

/** Where a server says what the dialect has no field for. Asked for every piece of an answer, so it must be cheap. */
export interface OwnFields {
  /** Token counts that are not under "usage". */
  readonly usage?: (piece: ChatAnswer) => unknown;
  /** What the piece says for the metadata of the answer; undefined for nothing. */
  readonly metadata?: (piece: ChatAnswer) => JsonObject | undefined;
}

/** Fields of an object that it has and that say something; undefined where there are none. */
export function picked(from: unknown, names: readonly string[]): JsonObject | undefined {
  const object = objectOf(from);
  if (object === undefined) return undefined;
  let found: JsonObject | undefined;
  for (const name of names) {
    const value = object[name];
    if (value === undefined || value === null || value === "") continue;
    found ??= {};
    found[name] = value;
  }
  return found;
}

/** What earlier pieces said with what the next one adds. Of a field that comes again the last counts; objects grow. */
export function mergedMetadata(before: JsonObject | undefined, told: JsonObject): JsonObject {
  if (before === undefined) return { ...told };
  for (const [name, value] of Object.entries(told)) {
    const known = objectOf(before[name]);
    const more = objectOf(value);
    before[name] = known === undefined || more === undefined ? value : { ...known, ...more };
  }
  return before;
}
