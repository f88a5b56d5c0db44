import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { rules } from "../../dashboards/rules.ts";
import { root } from "../support/source.ts";

/** A query of a dashboard or a rule, as Prometheus gets it. */
export interface Asked {
  /** "overview: Calls by status", "LLMHubRedisDown". */
  readonly where: string;
  readonly expr: string;
}

/** A panel as it stands in a file. */
export interface ShownPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

/** A dashboard as Grafana reads it. */
export interface ShownDashboard {
  readonly file: string;
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly ShownPanel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly definition?: string; readonly allValue?: string }[];
  };
}

const folder = join(root, "helm/llmhub/dashboards");

/** Every file in helm/llmhub/dashboards. */
export function shownDashboards(): ShownDashboard[] {
  return readdirSync(folder).map((file) => ({ file, ...JSON.parse(readFileSync(join(folder, file), "utf8")) }));
}

/** What panels ask when everything is chosen. */
export function dashboardQueries(): Asked[] {
  return shownDashboards().flatMap(({ file, panels }) =>
    panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => ({ where: `${file.replace(".json", "")}: ${title}`, expr: filled(expr) })),
    ),
  );
}

/** The series that variables of dashboards take their values of. */
export function variableQueries(): Asked[] {
  return shownDashboards().flatMap(({ file, templating }) =>
    templating.list.flatMap(({ name, definition }) => {
      const [, series, label] = /^label_values\((.+), (\w+)\)$/.exec(definition ?? "") ?? [];
      if (series === undefined) return [];
      return [{ where: `${file}: $${name}`, expr: filled(`count by (${label}) (${series})`) }];
    }),
  );
}

/** What rules ask. */
export function ruleQueries(): Asked[] {
  return rules().map(({ alert, record, expr }) => ({ where: alert ?? record ?? "", expr }));
}

/** As Grafana fills in its variables. */
function filled(expr: string): string {
  return expr.replaceAll("$__rate_interval", "1m").replaceAll("$__range", "1h").replaceAll(/\$\w+/g, ".*");
}
