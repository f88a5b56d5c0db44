import type { GenericIssue } from "valibot";
import type { Problem } from "./config-error.ts";
import type { Path, YamlFile } from "./yaml-file.ts";

/** Names of providers, models, headers, aliases and patterns that a message repeats. */
const entryShown = /^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,63}\*?$/;
/** Unknown fields that a message repeats: a secret pasted in the wrong place is longer or has other signs. */
const fieldShown = /^[A-Za-z][A-Za-z0-9_]{0,23}$/;

/** What a problem is about: a value, the key of an entry, or a field that is not known. */
type Subject = "value" | "key" | "field";

/** Collects problems and says where each stands: in the file, in a variable, or in what is built in. */
export class Findings {
  readonly problems: Problem[] = [];
  /** Files that the configuration names and that were looked at. */
  readonly files: string[] = [];
  readonly #file: YamlFile | undefined;
  readonly #variables: ReadonlyMap<string, string>;
  /** Places with a problem of their own, where others only follow from it. */
  readonly #broken = new Set<string>();

  constructor(file: YamlFile | undefined, variables: ReadonlyMap<string, string>) {
    this.#file = file;
    this.#variables = variables;
    for (const { path, message } of file?.unresolved ?? []) {
      this.add(path, message);
      this.#broken.add(this.locate(path, false));
    }
  }

  add(path: Path, message: string, subject: Subject = "value"): void {
    const at = this.locate(path, subject !== "value");
    if (!this.#broken.has(at)) this.problems.push({ at, path: shownPath(path, subject), message });
  }

  /** Adds what a schema found in the section of a name. */
  addIssues(name: string, issues: readonly GenericIssue[]): void {
    for (const issue of issues) {
      const path: (string | number)[] = [name];
      for (const { key } of issue.path ?? []) path.push(typeof key === "number" ? key : String(key));
      const ofKey = issue.path?.at(-1)?.origin === "key";
      this.add(path, issue.message, ofKey ? (issue.type === "raw_check" ? "field" : "key") : "value");
    }
  }

  /** Where a value stands, or its key. */
  locate(path: Path, key = false): string {
    return this.#variables.get(path.join(".")) ?? this.#file?.locate(path, key) ?? "built-in defaults";
  }
}

function shownPath(path: Path, subject: Subject): string {
  let shown = "";
  for (const [depth, step] of path.entries()) {
    if (typeof step === "number") {
      shown += `[${step}]`;
      continue;
    }
    const allowed = subject === "field" && depth === path.length - 1 ? fieldShown : entryShown;
    shown += `${shown === "" ? "" : "."}${allowed.test(step) ? step : "…"}`;
  }
  return shown;
}

const expectations: Readonly<Record<string, string>> = {
  Object: "must be a map of fields",
  Array: "must be a list",
  string: "must be text; put quotes around it if it looks like a number or a date",
  boolean: "must be true or false",
};

/** What an issue says when the schema gives it no words. Never the value: it may be a secret. */
export function expectation(issue: GenericIssue): string {
  if (issue.type === "loose_object" && issue.path?.[0]?.origin === "key") return "is missing; add it";
  if (issue.type === "picklist")
    return `must be one of ${issue.expected?.replace(/[()"]/g, "").replaceAll(" | ", ", ")}`;
  return expectations[issue.expected ?? ""] ?? "has the wrong form";
}
