import * as v from "valibot";
import { didYouMean } from "./suggestion.ts";

/** A map of known fields. Every unknown one is an error that suggests what may have been meant. */
export function section<Entries extends v.ObjectEntries>(description: string, entries: Entries) {
  const names = Object.keys(entries);
  return v.pipe(
    v.looseObject(entries),
    v.description(description),
    v.rawCheck(({ dataset, addIssue }) => {
      const input = dataset.value;
      if (typeof input !== "object" || input === null) return;
      for (const [key, value] of Object.entries(input)) {
        if (Object.hasOwn(entries, key)) continue;
        addIssue({
          message: unknownField(key, names),
          path: [{ type: "object", origin: "key", input: { ...input }, key, value }],
        });
      }
    }),
  );
}

/** What to say of a field that is none of the known ones. */
export function unknownField(name: string, known: readonly string[]): string {
  const hint = didYouMean(name, known);
  return `unknown field${hint === "" ? `; known here: ${known.join(", ")}` : hint}`;
}
