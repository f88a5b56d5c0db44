import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

/** A rule of Prometheus: an alert, or a query whose result is kept under a name. */
export interface Rule {
  /** Name of its file, without its ending. */
  readonly file: string;
  readonly expr: string;
  readonly alert?: string;
  readonly record?: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Every rule in helm/llmhub/rules. */
export function rules(): Rule[] {
  const folder = join(import.meta.dirname, "../helm/llmhub/rules");
  const names = readdirSync(folder).sort();
  return names.flatMap((name) => {
    const { groups }: { groups: { rules: Omit<Rule, "file">[] }[] } = parse(readFileSync(join(folder, name), "utf8"));
    return groups.flatMap((group) => group.rules.map((rule) => ({ ...rule, file: name.replace(/\.yaml$/, "") })));
  });
}
