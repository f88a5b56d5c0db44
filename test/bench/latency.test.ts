import { expect, test } from "vitest";
import { Histogram } from "../load/histogram.ts";
import { addedOf } from "./latency.ts";

test("what is added is the difference of turns, and not of all together", () => {
  // The second turn is slow on both sides.
  const added = addedOf([turn(1), turn(21)], [turn(3), turn(22)]);
  expect(added.p50Ms[0]).toBeCloseTo(2, 1);
  expect(added.p50Ms[1]).toBeCloseTo(1, 0);
  expect(added.direct.p99Ms).toBeCloseTo(21, 0);
  expect(added.gateway.p99Ms).toBeCloseTo(22, 0);
});

function turn(ms: number) {
  const histogram = new Histogram();
  for (let i = 0; i < 100; i++) histogram.record(ms);
  return histogram.buckets();
}
