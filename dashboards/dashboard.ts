import type { Panel } from "./panel.ts";
import type { Query } from "./query.ts";

/** A page: a title, and rows of panels under headings. */
export interface Dashboard {
  /** Name of its file, and end of its uid: "overview". */
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly rows: readonly (readonly [heading: string, ...panels: readonly Panel[]])[];
}

/** Of the JSON of dashboards that every version of Grafana from 11 on reads. */
const schemaVersion = 41;
const columns = 24;
const datasource = { type: "prometheus", uid: "${" + "datasource}" };

/** A dashboard as Grafana imports it. */
export function dashboardJson({ name, title, about, rows }: Dashboard): object {
  return {
    uid: `llmhub-${name}`,
    title: `LLM Connector Hub / ${title}`,
    description: about,
    tags: ["llmhub"],
    schemaVersion,
    editable: true,
    graphTooltip: 1,
    refresh: "30s",
    timezone: "browser",
    time: { from: "now-3h", to: "now" },
    links: [
      {
        type: "dashboards",
        title: "LLM Connector Hub",
        tags: ["llmhub"],
        asDropdown: true,
        keepTime: true,
        includeVars: true,
      },
    ],
    annotations: { list: [] },
    templating: { list: variables() },
    panels: placed(rows),
  };
}

function variables(): object[] {
  const choice = (name: string, label: string, query: string, allValue?: string) => ({
    ...{ name, label, type: "query", datasource, query: { query, refId: name }, definition: query },
    ...{ multi: true, includeAll: true, ...(allValue && { allValue }), refresh: 2, sort: 1, hide: 0 },
    current: { text: ["All"], value: ["$__all"] },
  });
  return [
    { name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus", current: {}, hide: 0 },
    // All of the gateway's, by name: other programs have metrics of processes and Node.js, too.
    choice("job", "Job", "label_values(llmhub_build_info, job)"),
    choice("instance", "Replica", 'label_values(llmhub_build_info{job=~"$job"}, instance)', ".*"),
    choice("provider", "Provider", 'label_values(llmhub_upstream_attempts_total{job=~"$job"}, provider)', ".*"),
    choice(
      "model",
      "Model",
      'label_values(gen_ai_server_request_duration_seconds_count{job=~"$job"}, gen_ai_request_model)',
      ".*",
    ),
  ];
}

/** From left to right, and on the next line where there is no room; each row has a heading of its own. */
function placed(rows: Dashboard["rows"]): object[] {
  const panels: object[] = [];
  let y = 0;
  for (const [heading, ...row] of rows) {
    panels.push({
      id: panels.length + 1,
      type: "row",
      title: heading,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: columns, h: 1 },
    });
    y += 1;
    let x = 0;
    let height = 0;
    for (const panel of row) {
      if (x + panel.width > columns) {
        y += height;
        x = 0;
        height = 0;
      }
      panels.push(panelJson(panel, { id: panels.length + 1, gridPos: { x, y, w: panel.width, h: panel.height } }));
      x += panel.width;
      height = Math.max(height, panel.height);
    }
    y += height;
  }
  return panels;
}

function panelJson(panel: Panel, place: { readonly id: number; readonly gridPos: object }): object {
  const { kind, title, about, queries } = panel;
  return {
    ...place,
    type: kind,
    title,
    description: about,
    datasource,
    targets: queries.map((query, index) => targetJson(query, panel, String.fromCharCode(65 + index))),
    fieldConfig: { defaults: fieldJson(panel), overrides: [] },
    options: optionsJson(panel),
    ...(kind === "table" && {
      transformations: [
        { id: "labelsToFields", options: { mode: "columns" } },
        { id: "merge", options: {} },
      ],
    }),
  };
}

function targetJson({ expr, legend, exemplars = false }: Query, { kind }: Panel, refId: string): object {
  const isInstant = kind === "table";
  const format = kind === "heatmap" ? "heatmap" : "time_series";
  return {
    refId,
    datasource,
    expr,
    legendFormat: legend,
    range: !isInstant,
    instant: isInstant,
    exemplar: exemplars,
    format,
  };
}

function fieldJson({ kind, unit, isStacked = false, states = [] }: Panel): object {
  const options = Object.fromEntries(states.map(([value, text, color], index) => [value, { text, color, index }]));
  const lines = {
    drawStyle: "line",
    lineWidth: 1,
    fillOpacity: isStacked ? 30 : 8,
    showPoints: "never",
    spanNulls: false,
  };
  return {
    unit,
    mappings: states.length === 0 ? [] : [{ type: "value", options }],
    color: { mode: kind === "stat" ? "thresholds" : "palette-classic" },
    thresholds: { mode: "absolute", steps: [{ color: kind === "stat" ? "blue" : "green", value: null }] },
    ...(kind === "timeseries" && {
      min: 0,
      custom: { ...lines, stacking: { mode: isStacked ? "normal" : "none", group: "A" } },
    }),
  };
}

function optionsJson({ kind, unit }: Panel): object {
  if (kind === "timeseries") {
    return {
      legend: { displayMode: "table", placement: "bottom", showLegend: true, calcs: ["mean", "max", "lastNotNull"] },
      tooltip: { mode: "multi", sort: "desc" },
    };
  }
  if (kind === "stat")
    return {
      reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
      graphMode: "area",
      colorMode: "value",
    };
  if (kind === "heatmap")
    return {
      calculate: false,
      yAxis: { unit },
      color: { mode: "scheme", scheme: "Blues", steps: 64 },
      cellGap: 1,
      tooltip: { mode: "single", yHistogram: true },
    };
  if (kind === "state-timeline")
    return {
      showValue: "auto",
      mergeValues: true,
      rowHeight: 0.8,
      legend: { displayMode: "list", placement: "bottom", showLegend: true },
    };
  return { showHeader: true, cellHeight: "sm" };
}
