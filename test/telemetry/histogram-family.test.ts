import fc from "fast-check";
import { Histogram, Registry } from "prom-client";
import { expect, test } from "vitest";
import { HistogramFamily } from "../../src/telemetry/histogram-family.ts";

const names = { name: "took_seconds", help: "How long.", buckets: [0.01, 0.02, 1, 2.5] };
const value = fc.oneof(fc.constantFrom(0, 0.01, 0.02, 1, 2.5, 2.6), fc.double({ min: 0, max: 10, noNaN: true }));

async function textOf(count: (registry: Registry) => void): Promise<string> {
  const registry = new Registry();
  count(registry);
  return registry.metrics();
}

test("Prometheus reads what it would read of a histogram of prom-client", async () => {
  const label = fc.constantFrom("a", 'b"\\', "c\nd");
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(label, label, value)), async (seen) => {
      const labels = ["method", "provider"];
      const own = await textOf((registry) => {
        const family = new HistogramFamily(registry, { ...names, labels });
        for (const [method, provider, seconds] of seen) family.cell(method, provider).observe(seconds);
      });
      const theirs = await textOf((registry) => {
        const histogram = new Histogram({ ...names, labelNames: labels, registers: [registry] });
        for (const [method, provider, seconds] of seen) histogram.labels(method, provider).observe(seconds);
      });
      expect(own).toBe(theirs);
    }),
  );
});

test("one without labels is there from the beginning", async () => {
  const own = await textOf((registry) => new HistogramFamily(registry, { ...names, labels: [] }).cell().observe(0.015));
  const theirs = await textOf((registry) => new Histogram({ ...names, registers: [registry] }).observe(0.015));
  expect(own).toBe(theirs);
  const empty = await textOf((registry) => new HistogramFamily(registry, { ...names, labels: [] }));
  expect(empty).toBe(await textOf((registry) => new Histogram({ ...names, registers: [registry] })));
});

test("it reads the same as JSON", async () => {
  const registry = new Registry();
  new HistogramFamily(registry, { ...names, labels: ["method"] }).cell("m").observe(0.5);
  const [family] = await registry.getMetricsAsJSON();
  expect(family).toMatchObject({ name: "took_seconds", type: "histogram", aggregator: "sum" });
  expect(family?.values).toContainEqual({
    labels: { le: 1, method: "m" },
    value: 1,
    metricName: "took_seconds_bucket",
  });
});
