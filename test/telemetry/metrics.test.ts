import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { BoundedWords } from "../../src/telemetry/bounded-words.ts";
import { Family } from "../../src/telemetry/family.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";

test("what is added to a cell is what Prometheus reads, every time anew", async () => {
  const registry = new Registry();
  const family = new Family(registry, "counter", { name: "things_total", help: "Things.", labels: ["kind", "size"] });
  family.cell("a", "1").value += 2;
  family.cell("b", "1").value += 1;
  family.cell("a", "1").value += 3;
  expect(await registry.metrics()).toContain('things_total{kind="a",size="1"} 5');
  family.cell("b", "1").value += 1;
  const text = await registry.metrics();
  expect(text).toContain('things_total{kind="a",size="1"} 5');
  expect(text).toContain('things_total{kind="b",size="1"} 2');
});

test("gauges go down again", async () => {
  const registry = new Registry();
  const family = new Family(registry, "gauge", { name: "open", help: "Open.", labels: ["method"] });
  family.cell("m").value += 2;
  family.cell("m").value -= 1;
  expect(await registry.metrics()).toContain('open{method="m"} 1');
});

test("label sets of a family are bounded", async () => {
  const registry = new Registry();
  const family = new Family(registry, "counter", { name: "wild_total", help: "Wild.", labels: ["word"] });
  for (let i = 0; i < 20_000; i++) family.cell(`w${i}`).value += 1;
  const lines = (await registry.metrics()).split("\n").filter((line) => line.startsWith("wild_total{"));
  expect(lines).toHaveLength(10_001);
  expect(lines).toContain('wild_total{word="other"} 10000');
});

test("the first words pass, later ones are other", () => {
  const words = new BoundedWords(2);
  expect(["a", "b", "c", "a", "b", "d"].map((word) => words.of(word))).toEqual(["a", "b", "other", "a", "b", "other"]);
});

test("callers who make up model names cannot make up series", async () => {
  const metrics = new Metrics("1.2.3");
  for (let i = 0; i < 700; i++) metrics.series("m", "p", `model-${i}`).calls("OK").value += 1;
  const lines = (await metrics.registry.metrics()).split("\n").filter((line) => line.startsWith("llmhub_calls_total{"));
  expect(lines).toHaveLength(501);
  expect(lines).toContain('llmhub_calls_total{method="m",provider="p",model="other",code="OK"} 200');
});

test("the process and the build describe themselves", async () => {
  const metrics = new Metrics("1.2.3");
  metrics.watchProcess();
  const text = await metrics.registry.metrics();
  expect(text).toContain(`llmhub_build_info{version="1.2.3",node="${process.versions.node}"} 1`);
  expect(text).toContain("nodejs_eventloop_lag_p99_seconds");
  expect(text).toContain("llmhub_log_lines_dropped_total 0");
});
