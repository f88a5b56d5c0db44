import type { Dashboard } from "./dashboard.ts";
import { rules } from "./rules.ts";

/** One row for each page, for docs. */
export function dashboardTable(pages: readonly Dashboard[]): string {
  const rows = pages.map(({ name, title, about, rows: parts }) => {
    return `| ${title} | \`${name}.json\` | ${about} | ${parts.map(([heading]) => heading.toLowerCase()).join(", ")} |`;
  });
  return ["| dashboard | file | answers | parts |", "| --- | --- | --- | --- |", ...rows, ""].join("\n");
}

/** One row for each alert, for docs; their anchors are what runbook_url leads to. */
export function alertTable(): string {
  const rows = rules().flatMap(({ alert, annotations = {}, labels = {}, for: wait = "at once" }) => {
    if (alert === undefined) return [];
    const meaning = annotations["description"]?.trim().replaceAll("|", "\\|");
    return [`| <a id="${alert.toLowerCase()}"></a>${alert} | ${labels["severity"]} | ${wait} | ${meaning} |`];
  });
  return ["| alert | severity | after | what it means, and what to do |", "| --- | --- | --- | --- |", ...rows].join(
    "\n",
  );
}
