import { expect, test } from "vitest";
import { grossSlopes, type Row, slopeOf, tableOf } from "./report.ts";

const flat = rowOf("gRPC: chunks of a stream", "chunk", [9, 1.5, 1.2]);
const steep = rowOf("gRPC: API keys", "call", [100, 120, 480]);

test("the slope compares the largest size with the middle one", () => {
  expect(slopeOf(flat)).toBeCloseTo(0.8);
  expect(slopeOf(steep)).toBe(4);
});

test("fails for what grows more than threefold, and for what could not be called", () => {
  const failed: Row = { axis: flat.axis, costs: [], problem: "1,000: status 8: too many" };
  expect(grossSlopes([flat, steep, failed])).toEqual([
    "gRPC: API keys: a call costs 4.0 × at the largest size",
    "gRPC: chunks of a stream: 1,000: status 8: too many",
  ]);
});

test("the table has sizes, costs and slopes, and starts where each size has a gateway of its own", () => {
  const starts = steep.costs.map((cost, i) => ({ ...cost, start: { ms: 400 + i, mb: 80 } }));
  const lines = tableOf([flat, { ...steep, costs: starts }]).split("\n");
  expect(lines[2]).toBe(
    "| gRPC: chunks of a stream | 10: 9.0 µs/chunk | 1,000: 1.5 µs/chunk | 100,000: 1.2 µs/chunk | 0.80 |",
  );
  expect(lines.at(-2)).toBe(
    "Start to serving and memory at rest, gRPC: API keys: 10 400 ms, 80 MB; 1,000 401 ms, 80 MB; 100,000 402 ms, 80 MB.",
  );
});

function rowOf(title: string, unit: Row["axis"]["unit"], us: readonly number[]): Row {
  return { axis: { title, unit }, costs: us.map((each, i) => ({ size: 10 * 100 ** i, us: each, start: undefined })) };
}
