import type { JsonObject } from "@bufbuild/protobuf";
import { objectOf, textOf } from "../field.ts";

/** What has come of one part of an item's content. */
interface Section {
  /** Some of its text came in pieces. */
  isGrown: boolean;
  /** Sources that were told. */
  cited: number;
  isDone: boolean;
}

/** An item of the output, while it comes and after. */
export class OpenItem {
  readonly type: string;
  readonly id: string;
  readonly phase: string;
  readonly sections = new Map<number, Section>();
  /** Reasoning in the open that the caller does not want to see. */
  hidden = "";
  /** Index of the part of a call. */
  part: number | undefined;
  /** Arguments that came before the name of their function. */
  held = "";
  /** Some of a call's arguments came in pieces. */
  isGrown = false;
  isDone = false;

  constructor(item: JsonObject) {
    this.type = textOf(item["type"]);
    this.id = textOf(item["id"]);
    this.phase = textOf(item["phase"]);
  }

  section(index: number): Section {
    let section = this.sections.get(index);
    if (section === undefined) {
      section = { isGrown: false, cited: 0, isDone: false };
      this.sections.set(index, section);
    }
    return section;
  }
}

/** Number of a section of raw reasoning: summaries are counted from 0 up, this from -1 down. */
export function rawSection(index: number): number {
  return -1 - index;
}

/** The objects in a list that may be anything. */
export function objectsIn(list: unknown): JsonObject[] {
  return Array.isArray(list) ? list.map((entry) => objectOf(entry) ?? {}) : [];
}
