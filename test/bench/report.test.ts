import { expect, test } from "vitest";
import { sampleFindings } from "./findings-sample.ts";
import { reportOf } from "./report.ts";

const report = reportOf(sampleFindings());

test.each([
  "Machine: 2 cores, Abacus, Node 24.0.0, linux; core 0 for the process that is measured",
  "| gRPC unary, per call | 100 (90–110) | 150 (135–165) | 6,670 | 1.50 | ≤ 2 | ≤ 1.5 | aim reached |",
  "| OpenAI-compatible unary, per call | 100 (90–110) | 400 (360–440) | 2,500 | 4.00 | ≤ 3 | ≤ 2 | **missed** |",
  "| CPU µs | gateway | Portkey <1> | ÷ gateway |",
  "| OpenAI-compatible unary, per call | 400 (360–440) | 2400 (2160–2640) | 6.0 |",
  "| whole answers per core ÷ Portkey <1> |  | 6.0 | ≥ 5 | ≥ 7 | must reached |",
  "added to the whole answer, p50 | 0.20 ms | 0.40 (0.30–0.60) ms | ≤ 1 | ≤ 0.5 | aim reached |",
  "added to the whole answer, p99 | 1.00 ms | 7.00 (6.00–8.00) ms | ≤ 5 | ≤ 2 | **missed** |",
  "| start to serving |  | 300 (290–310) ms | ≤ 500 | ≤ 250 | must reached |",
  "| memory of each of 1000 idle open streams (120 MB in all) | 50 KiB | 30 KiB | ≤ 64 | ≤ 24 | must reached |",
  "| gRPC calls per second, two workers ÷ one (the load shares the second core) |  | 1.80 (1.75–1.85) | ≥ 1.7 | ≥ 1.9 | must reached |",
  "| CPU per call, two workers ÷ one |  | 1.10 |  |  |  |",
])("the report says %s", (line) => {
  expect(report).toContain(line);
});

test("a section that was not measured is not in the report", () => {
  const bare = reportOf({
    ...sampleFindings(),
    measured: [],
    rest: undefined,
    latencies: [],
    idle: [],
    scaling: undefined,
  });
  expect(bare).toContain("Machine:");
  expect(bare).not.toContain("|");
});

test("rows have as many cells as their heads", () => {
  const tables = report.split("\n\n").filter((part) => part.startsWith("|"));
  expect(tables).toHaveLength(3);
  for (const table of tables) {
    const cells = table
      .split("\n")
      .filter(Boolean)
      .map((row) => row.split("|").length);
    expect(new Set(cells).size).toBe(1);
  }
});
