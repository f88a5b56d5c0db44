import type { Query } from "./query.ts";

/** A picture on a page, before it has a place there. */
export interface Panel {
  readonly kind: "timeseries" | "stat" | "heatmap" | "state-timeline" | "table";
  readonly title: string;
  /** One sentence behind the i: what is counted, or what to do. */
  readonly about: string;
  /** As Grafana calls it: "reqps", "s", "bytes", "percentunit", "short", "currencyUSD". */
  readonly unit: string;
  readonly queries: readonly Query[];
  /** Of 24. */
  readonly width: number;
  readonly height: number;
  /** Areas that add up. */
  readonly isStacked?: boolean;
  /** Words and colours for numbers. */
  readonly states?: readonly (readonly [value: number, text: string, color: string])[];
}

type Parts = [title: string, unit: string, about: string, ...queries: readonly Query[]];

/** Lines over time, three in a row. */
export function graph(...[title, unit, about, ...queries]: Parts): Panel {
  return { kind: "timeseries", title, unit, about, queries, width: 8, height: 8 };
}

/** Areas over time that add up, three in a row. */
export function stack(...parts: Parts): Panel {
  return { ...graph(...parts), isStacked: true };
}

/** One number, eight in a row. */
export function stat(...parts: Parts): Panel {
  return { ...graph(...parts), kind: "stat", width: 3, height: 4 };
}

/** How a histogram shifts over time. Its query sums by le. */
export function heatmap(...parts: Parts): Panel {
  return { ...graph(...parts), kind: "heatmap", width: 12 };
}

/** States over time, one line for each series. */
export function timeline(states: NonNullable<Panel["states"]>, ...parts: Parts): Panel {
  return { ...graph(...parts), kind: "state-timeline", width: 12, states };
}

/** The newest values, one row for each series, its labels in columns. */
export function table(...parts: Parts): Panel {
  return { ...graph(...parts), kind: "table", width: 12 };
}

/** The same on half of it. */
export function half(panel: Panel): Panel {
  return { ...panel, width: 12 };
}
