import type { GenericIssue } from "valibot";
import type { Problem } from "./config-error.ts";
import { shownName } from "./section.ts";
import type { Path, YamlFile } from "./yaml-file.ts";

/** Names of records (providers, models, headers) that are repeated in a message. */
const entryShown = /^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,63}$/;

/** Collects problems and says where each stands: in the file, in a variable, or in what is built in. */
export class Findings {
  readonly problems: Problem[] = [];
  readonly #file: YamlFile | undefined;
  readonly #variables: ReadonlyMap<string, string>;
  /** Places with a problem of their own, where others only follow from it. */
  readonly #broken: ReadonlySet<string>;

  constructor(file: YamlFile | undefined, variables: ReadonlyMap<string, string>) {
    this.#file = file;
    this.#variables = variables;
    this.problems.push(...(file?.problems ?? []));
    this.#broken = new Set(this.problems.map(({ at }) => at));
  }

  /** Adds a problem at a value, or at its key. */
  add(path: Path, message: string, key = false): void {
    const at = this.#variables.get(path.join(".")) ?? this.#file?.locate(path, key) ?? "built-in defaults";
    if (!this.#broken.has(at)) this.problems.push({ at, path: shownPath(path), message });
  }

  /** Adds what a schema found in the section of a name. */
  addIssues(name: string, issues: readonly GenericIssue[]): void {
    for (const issue of issues) {
      const path: (string | number)[] = [name];
      for (const { key } of issue.path ?? []) path.push(typeof key === "number" ? key : String(key));
      const ofKey = issue.path?.at(-1)?.origin === "key";
      if (issue.type === "raw_check") path.push(shownName(String(path.pop())));
      this.add(path, issue.message, ofKey);
    }
  }
}

function shownPath(path: Path): string {
  let shown = "";
  for (const step of path) {
    if (typeof step === "number") shown += `[${step}]`;
    else shown += `${shown === "" ? "" : "."}${entryShown.test(step) ? step : "…"}`;
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
