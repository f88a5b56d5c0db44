import { expect, test } from "vitest";
import { scoresOf } from "../../src/protocols/score.ts";

test("gives the best first", () => {
  const list = [
    { index: 0, relevance_score: 0.1 },
    { index: 2, relevance_score: 0.9, document: { text: "x" } },
  ];
  expect(scoresOf(list, 3)).toEqual([
    { index: 2, score: 0.9 },
    { index: 0, score: 0.1 },
  ]);
});

test.each([
  [undefined],
  [[{ index: 3, relevance_score: 1 }]],
  [[{ index: -1, relevance_score: 1 }]],
  [[{ index: 0 }]],
  [[null]],
  [[{ index: 0, relevance_score: Number.POSITIVE_INFINITY }]],
  [
    [
      { index: 0, relevance_score: 1 },
      { index: 0, relevance_score: 0.5 },
    ],
  ],
])("refuses %j", (list) => {
  expect(() => scoresOf(list, 3)).toThrow(expect.objectContaining({ info: { cause: "bad_scores" } }));
});
