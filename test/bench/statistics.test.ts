import { expect, test } from "vitest";
import { ratioOf, spreadOf } from "./statistics.ts";

test.each([
  { figures: [3], spread: [3, 3, 3] },
  { figures: [9, 1, 2], spread: [2, 1, 9] },
  { figures: [4, 1, 2, 9], spread: [3, 1, 9] },
])("the middle of $figures, the least and the most", ({ figures, spread }) => {
  const { median, min, max } = spreadOf(figures);
  expect([median, min, max]).toEqual(spread);
});

test("ratios are of the same round", () => {
  expect(ratioOf([10, 40, 30], [10, 20, 10])).toEqual({ median: 2, min: 1, max: 3 });
});

test("of nothing there is no figure", () => {
  expect(spreadOf([]).median).toBeNaN();
});
