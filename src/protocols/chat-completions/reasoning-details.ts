import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { partsMax, tooManyParts } from "../bad-response.ts";
import { isObject } from "./wire.ts";

/** Fields of an entry that grow from event to event; the others are told once. */
const growing = ["text", "summary", "data"] as const;

/** Puts together `reasoning_details`, the list of reasoning that OpenRouter wants back, out of the pieces of a stream. */
export class ReasoningDetails {
  readonly #entries: JsonObject[] = [];

  /** Entries so far, in their order. */
  get entries(): readonly JsonValue[] {
    return this.#entries;
  }

  /** Takes the list of one event or of a whole answer. Throws PROVIDER_BAD_RESPONSE above 1,024 entries. */
  add(list: readonly unknown[]): void {
    for (const piece of list) {
      if (!isObject<JsonObject>(piece)) continue;
      const last = this.#entries.at(-1);
      if (last !== undefined && continues(last, piece)) this.#entries[this.#entries.length - 1] = joined(last, piece);
      else if (this.#entries.length === partsMax) throw tooManyParts();
      else this.#entries.push(piece);
    }
  }
}

function continues(last: JsonObject, piece: JsonObject): boolean {
  const isSameId = last["id"] === piece["id"] || (last["id"] ?? piece["id"]) === (piece["id"] ?? last["id"]);
  return (
    typeof piece["index"] === "number" && last["index"] === piece["index"] && last["type"] === piece["type"] && isSameId
  );
}

function joined(last: JsonObject, piece: JsonObject): JsonObject {
  const told = Object.fromEntries(Object.entries(piece).filter(([, value]) => value !== null));
  const grown = growing.flatMap((field) => {
    const before = last[field];
    const more = piece[field];
    return typeof before === "string" && typeof more === "string" ? [[field, before + more] as const] : [];
  });
  return { ...last, ...told, ...Object.fromEntries(grown) };
}
