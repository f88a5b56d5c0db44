import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dashboardJson } from "../../dashboards/dashboard.ts";
import { alertTable, dashboardTable } from "../../dashboards/docs-table.ts";
import { dashboards } from "../../dashboards/index.ts";
import { rules } from "../../dashboards/rules.ts";
import { root } from "../support/source.ts";
import { families } from "./families.ts";
import { dashboardQueries, ruleQueries, type ShownPanel, shownDashboards, variableQueries } from "./queries.ts";
import { namesIn, problemsOf } from "./query-check.ts";

const known = families();
const queries = [...dashboardQueries(), ...variableQueries(), ...ruleQueries()];
const page = readFileSync(join(root, "docs/operations.md"), "utf8");

test("what `npm run generate` makes of dashboards/ is current, files and tables", () => {
  const made = dashboards.map((dashboard) => ({ file: `${dashboard.name}.json`, ...dashboardJson(dashboard) }));
  const byFile = (a: { file: string }, b: { file: string }) => (a.file < b.file ? -1 : 1);
  expect(shownDashboards().sort(byFile)).toEqual(made.sort(byFile));
  expect(page).toContain(`\n${dashboardTable(dashboards)}\n`);
  expect(page).toContain(`\n${alertTable()}\n`);
});

test("queries can be read, and their metrics and labels are there", () => {
  expect(queries.length).toBeGreaterThan(150);
  const wrong = queries.flatMap(({ where, expr }) => problemsOf(expr, known).map((problem) => `${where}: ${problem}`));
  expect(wrong).toEqual([]);
});

test.each([
  ["sum by (provider) (rate(llmhub_callz_total[5m]))", "there is no llmhub_callz_total"],
  ['llmhub_calls_total{models="x"}', "llmhub_calls_total has no models"],
  ["sum by (models) (rate(llmhub_calls_total[5m]))", "llmhub_calls_total has no models"],
  ["sum(rate(llmhub_calls_total[5m])", "cannot be read at "],
])("a wrong query is found: %s", (expr, problem) => {
  expect(problemsOf(expr, known)).toContainEqual(expect.stringContaining(problem));
});

test("every metric of the gateway is on some dashboard", () => {
  const shown = new Set(dashboardQueries().flatMap(({ expr }) => namesIn(expr)));
  const own = [...known.keys()].filter(
    (name) => /^(?:llmhub_|gen_ai_)/.test(name) && !/_(?:bucket|sum|count)$/.test(name),
  );
  const isShown = (name: string) =>
    [name, `${name}_bucket`, `${name}_sum`, `${name}_count`].some((each) => shown.has(each));
  expect(own.filter((name) => !isShown(name))).toEqual([]);
});

test("all jobs are those of the gateway, not of every program that has a process", () => {
  for (const { templating, file } of shownDashboards()) {
    const job = templating.list.find(({ name }) => name === "job");
    expect(job?.definition, file).toBe("label_values(llmhub_build_info, job)");
    expect(job?.allValue, file).toBeUndefined();
  }
  const open = dashboardQueries().filter(({ expr }) => !expr.includes('job=~".*"'));
  expect(open.map(({ where }) => where)).toEqual([]);
});

test("panels stand beside each other, not on each other, and say what they show", () => {
  for (const { panels, uid } of shownDashboards()) {
    expect(uid).toMatch(/^llmhub-[a-z]+$/);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const isOver = (a: ShownPanel, b: ShownPanel) =>
      a !== b &&
      !(
        apart(a.gridPos.x, a.gridPos.w, b.gridPos.x, b.gridPos.w) ||
        apart(a.gridPos.y, a.gridPos.h, b.gridPos.y, b.gridPos.h)
      );
    const wrong = panels.filter(
      (panel) =>
        panel.gridPos.x + panel.gridPos.w > 24 ||
        panels.some((other) => isOver(panel, other)) ||
        (panel.type !== "row" && !panel.description?.endsWith(".")),
    );
    expect(wrong.map(({ title }) => title)).toEqual([]);
  }
});

function apart(a: number, aSize: number, b: number, bSize: number): boolean {
  return a + aSize <= b || b + bSize <= a;
}

const alerts = rules().filter(({ alert }) => alert !== undefined);

test.each(alerts.map((rule) => [rule.alert ?? "", rule] as const))(
  "%s says how bad it is and what to do",
  (name, rule) => {
    const { summary = "", description = "", runbook_url: runbook = "" } = rule.annotations ?? {};
    expect(rule.labels).toEqual({ severity: expect.stringMatching(/^(?:critical|warning|info)$/) });
    expect(summary).toMatch(/^.{10,120}$/);
    // What to do is the same whichever series it is about, so that docs can tell it.
    expect(description).toMatch(/^[^{}]{40,}\.$/);
    const pages = [...description.matchAll(/dashboard ([A-Z]\w+(?: and \w+)?)/g)].map(([, title]) => title);
    expect(dashboards.map(({ title }) => title)).toEqual(expect.arrayContaining(pages));
    const [path, anchor] = runbook.split("#");
    expect([path, page.includes(`<a id="${anchor}"></a>${name} `)]).toEqual(["docs/operations.md", true]);
    const used = [...summary.matchAll(/\$labels\.(\w+)/g)].map(([, label = ""]) => label);
    const has = (label: string) => namesIn(rule.expr).some((metric) => known.get(metric)?.has(label));
    expect(used.filter((label) => !has(label))).toEqual([]);
  },
);

test("alerts have names of their own", () => {
  expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
});
