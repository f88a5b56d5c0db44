import { Histogram, Registry } from "prom-client";
import { expect, test } from "vitest";
import { expositionOf, openMetricsText, wantsOpenMetrics } from "../../src/telemetry/exposition.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";

const prometheus =
  "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";

test("a scraper gets the form that it names", async () => {
  expect(["", "*/*", "text/plain", "application/openmetrics-text;q=0"].filter(wantsOpenMetrics)).toEqual([]);
  expect(["application/openmetrics-text", prometheus].filter((accept) => !wantsOpenMetrics(accept))).toEqual([]);
  const { registry } = new Metrics("1");
  expect((await expositionOf(registry, "text/plain")).contentType).toBe(Registry.PROMETHEUS_CONTENT_TYPE);
  expect((await expositionOf(registry, prometheus)).contentType).toBe(Registry.OPENMETRICS_CONTENT_TYPE);
});

test("both forms tell the same numbers by the same names", async () => {
  const metrics = new Metrics("1");
  const { registry } = metrics;
  new Histogram({ name: "theirs_seconds", help: "Of prom-client's own.", registers: [registry] }).observe(1);
  const series = metrics.series("m", "p", 'odd "model"\\');
  series.calls("OK").value += 2;
  series.duration.observe(0.3);
  metrics.openStreams.cell("m").value = 1;
  const numbers = (text: string) =>
    text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .toSorted();
  const plain = (await expositionOf(metrics.registry, "")).body;
  const open = (await expositionOf(metrics.registry, prometheus)).body;
  expect(numbers(open)).toEqual(numbers(plain));
  expect(open).toMatch(/^# TYPE llmhub_calls counter$/m);
  expect(open.endsWith("\n# EOF\n")).toBe(true);
});

test("a bucket shows the newest recorded call that fell into it, and no other does", async () => {
  const metrics = new Metrics("1");
  const { duration } = metrics.series("m", "p", "a");
  const trace = (digit: string, sampled: boolean) => ({
    traceId: digit.repeat(32),
    spanId: digit.repeat(16),
    sampled,
    state: "",
    baggage: "",
  });
  duration.observe(0.3, trace("1", true));
  duration.observe(0.31, trace("2", true));
  duration.observe(0.31, trace("3", false));
  duration.observe(0.31);
  duration.observe(50, trace("4", true));
  const { body } = await expositionOf(metrics.registry, prometheus);
  const shown = body.split("\n").filter((line) => line.includes(" # {"));
  expect(shown).toEqual([
    expect.stringMatching(
      /^llmhub_call_duration_seconds_bucket\{le="0\.32",method="m",provider="p",model="a"\} 4 # \{trace_id="2{32}",span_id="2{16}"\} 0\.31 \d{10}(\.\d+)?$/,
    ),
    expect.stringMatching(/le="81\.92".*trace_id="4{32}"/),
  ]);
  expect((await expositionOf(metrics.registry, "")).body).not.toContain("trace_id");
});

test("numbers that are none are written as the form wants them", () => {
  const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((value) => ({
    value,
    labels: {},
  }));
  expect(openMetricsText([{ name: "x", help: 'a "b"', type: "gauge", values }])).toBe(
    '# HELP x a \\"b\\"\n# TYPE x gauge\nx NaN\nx +Inf\nx -Inf\n# EOF\n',
  );
});
