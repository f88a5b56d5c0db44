import type { JsonObject } from "@bufbuild/protobuf";
import { objectOf } from "../field.ts";
import type { ChatAnswer } from "./wire.ts";

/** Where a server says what the dialect has no field for. Asked for every piece of an answer, so it must be cheap. */
export interface OwnFields {
  /** Token counts that are not under "usage". */
  readonly usage?: (piece: ChatAnswer) => unknown;
  /** Adds to the metadata of the answer what the piece says for it. */
  readonly note?: (piece: ChatAnswer, metadata: JsonObject) => void;
}

/** Adds to metadata those fields of an object that say something; of a field that comes again the last counts. */
export function noteFields(from: unknown, names: readonly string[], metadata: JsonObject): void {
  const object = objectOf(from);
  if (object === undefined) return;
  for (const name of names) {
    const value = object[name];
    if (value !== undefined && value !== null && value !== "") metadata[name] = value;
  }
}

/** The first choice of a piece, whatever it is. */
export function choiceIn({ choices }: ChatAnswer): unknown {
  return Array.isArray(choices) ? choices[0] : undefined;
}
