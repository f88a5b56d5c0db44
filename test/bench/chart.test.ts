import { expect, test } from "vitest";
import { chartOf } from "./chart.ts";
import { sampleFindings } from "./findings-sample.ts";

const chart = chartOf(sampleFindings().measured);
const bars = [...chart.matchAll(/<rect class="(\w+)" x="\d+" y="\d+" width="([\d.]+)"/g)];

test("who needs half of the time has a bar of twice the length", () => {
  const [raw, grpc, http, peer] = bars.map(([, , width]) => Number(width)) as [number, number, number, number];
  expect(bars.map(([, kind]) => kind)).toEqual(["raw", "gateway", "gateway", "peer"]);
  expect(raw / http).toBeCloseTo(4, 1);
  expect(grpc / http).toBeCloseTo(400 / 150, 1);
  expect(http / peer).toBeCloseTo(6, 0);
});

test("bars and their spread stay within the picture", () => {
  const [, width] = /width="(\d+)"/.exec(chart) ?? [];
  const ends = [...chart.matchAll(/H([\d.]+)"/g)].map(([, end]) => Number(end));
  expect(ends).toHaveLength(4);
  expect(Math.max(...ends)).toBeLessThan(Number(width));
});

test("it is SVG for light and for dark pages, with names escaped", () => {
  expect(chart).toContain("@media (prefers-color-scheme: dark)");
  expect(chart).toContain("Portkey &#60;1&#62;");
  expect(chart).not.toMatch(/NaN|undefined|Infinity/);
  const opened = chart.match(/<\w+/g)?.length ?? 0;
  expect(chart.match(/<\/\w+>|\/>/g)).toHaveLength(opened);
});

test("of nothing there is an empty picture", () => {
  expect(chartOf([])).not.toMatch(/NaN|<rect/);
});
