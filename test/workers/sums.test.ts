import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { CrewMetrics } from "../../src/workers/crew-metrics.ts";
import { Sums } from "../../src/workers/sums.ts";
import { metricIn } from "../support/exposition.ts";

/** Metrics of a worker that has ended so many calls, in so many seconds. */
function workerWith(calls: number, seconds: number): Metrics {
  const metrics = new Metrics("1.0.0");
  metrics.watchProcess();
  const series = metrics.series("Complete", "up", "m");
  series.calls("OK").value = calls;
  series.duration.observe(seconds);
  metrics.openStreams.cell("Complete").value = calls;
  metrics.memoryState.cell().value = calls;
  metrics.redisUp.value = calls > 1 ? 1 : 0;
  return metrics;
}

const told = ({ registry }: { registry: Registry }) => registry.getMetricsAsJSON();

test("counters, gauges and histograms are added, some gauges are not, and processes stand for themselves", async () => {
  const sums = new Sums();
  sums.tell(1, await told(workerWith(1, 0.3)));
  sums.tell(2, await told(workerWith(4, 3)));
  const { body, contentType } = await sums.exposition(await told(new CrewMetrics()), new Set([1, 2]));
  expect(contentType).toBe(Registry.PROMETHEUS_CONTENT_TYPE);
  const labels = { method: "Complete" };
  expect(metricIn(body, "calls_total", { ...labels, code: "OK" })).toBe(5);
  expect(metricIn(body, "call_duration_seconds_count", labels)).toBe(2);
  expect(metricIn(body, "call_duration_seconds_bucket", { ...labels, le: "0.32" })).toBe(1);
  expect(metricIn(body, "call_duration_seconds_sum", labels)).toBeCloseTo(3.3);
  expect(metricIn(body, "open_streams", labels)).toBe(5);
  expect(metricIn(body, "memory_state")).toBe(4);
  expect(metricIn(body, "redis_up")).toBe(0);
  expect(body.match(/^process_start_time_seconds\{worker="(?:holder|1|2)"\} \d+$/gm)).toHaveLength(3);
  expect(body.match(/^# TYPE llmhub_calls_total counter$/gm)).toHaveLength(1);
});

/** What is shown of calls: how many, in how many histograms, and how many streams are open. */
async function calls(sums: Sums, ...answered: number[]) {
  const { body } = await sums.exposition(await told(new CrewMetrics()), new Set(answered));
  const names = ["calls_total", "call_duration_seconds_count", "open_streams"];
  return names.map((name) => metricIn(body, name));
}

test("what a worker has counted stays counted: when it is silent, and when it has ended", async () => {
  const sums = new Sums();
  sums.tell(1, await told(workerWith(1, 1)));
  sums.tell(2, await told(workerWith(4, 1)));
  expect(await calls(sums, 1, 2)).toEqual([5, 2, 5]);
  expect(await calls(sums, 1)).toEqual([5, 2, 1]);
  sums.ended(2);
  expect(await calls(sums, 1)).toEqual([5, 2, 1]);
  // Its successor begins at nothing.
  sums.tell(2, await told(workerWith(2, 1)));
  expect(await calls(sums, 1, 2)).toEqual([7, 3, 3]);
});

test("counts do not go back when workers end at the same moment, or during a scrape", async () => {
  const sums = new Sums();
  for (const worker of [1, 2, 3]) sums.tell(worker, await told(workerWith(worker, 1)));
  sums.ended(1);
  sums.ended(2);
  const scrape = calls(sums);
  sums.ended(3);
  expect((await scrape).slice(0, 2)).toEqual([6, 3]);
  expect((await calls(sums)).slice(0, 2)).toEqual([6, 3]);
});

test("a scraper who wants exemplars gets the newest of all workers", async () => {
  const sums = new Sums();
  const trace = (digit: string) => ({
    traceId: digit.repeat(32),
    spanId: digit.repeat(16),
    sampled: true,
    state: "",
    baggage: "",
  });
  for (const worker of [1, 2]) {
    const metrics = workerWith(1, 30);
    metrics.series("Complete", "up", "m").duration.observe(0.3, trace(String(worker)));
    sums.tell(worker, await told(metrics));
  }
  const accept = "application/openmetrics-text";
  const { body, contentType } = await sums.exposition(await told(new CrewMetrics()), new Set([1, 2]), accept);
  expect(contentType).toBe(Registry.OPENMETRICS_CONTENT_TYPE);
  const shown = body.split("\n").filter((line) => line.includes(" # {"));
  expect(shown).toEqual([
    expect.stringMatching(/^llmhub_call_duration_seconds_bucket\{.*le="0\.32".*\} 2 # \{trace_id="2{32}"/),
  ]);
});
