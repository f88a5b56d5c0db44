import type { Attempt } from "../../model/call.ts";
import { Rendering as DialectRendering } from "../rendering.ts";
import { family } from "./wire.ts";

/** Longest name of a document, with room for a number behind it. */
const nameCharsMax = 190;

/** One request on its way into the dialect, with the names of its documents, which must differ. */
export class Rendering extends DialectRendering {
  readonly #names = new Set<string>();

  constructor(attempt: Attempt) {
    super(attempt, family);
  }

  /**
   * A name for the next document: letters, digits, hyphens, brackets and single blanks are taken. The ending of a file name
   * goes without saying, since the format is told.
   */
  documentName(wanted: string, field: string): string {
    const stem = wanted.replace(/\.[A-Za-z0-9]{1,5}$/, "");
    const plain = stem.normalize("NFKD").replace(/\p{M}+/gu, "");
    const clean = plain.replace(/[^A-Za-z0-9\s()[\]-]+/g, "-").replace(/\s+/g, " ");
    const base = clean.slice(0, nameCharsMax).trim() || "document";
    let name = base;
    for (let more = 2; this.#names.has(name); more++) name = `${base} (${more})`;
    this.#names.add(name);
    if (wanted !== "" && name !== stem)
      this.changed(field, "the document is given another name, as names are limited here");
    return name;
  }
}
