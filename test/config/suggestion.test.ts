import { expect, test } from "vitest";
import { closest, didYouMean } from "../../src/config/suggestion.ts";

const candidates = ["apiKey", "baseUrl", "kind", "log"];

test.each([
  ["apikey", "apiKey"],
  ["apiKye", "apiKey"],
  ["bseUrl", "baseUrl"],
  ["lgo", "log"],
  ["logs", "log"],
])("%s stands for %s", (word, expected) => {
  expect(closest(word, candidates)).toBe(expected);
});

test.each(["", "timeouts", "xyz", "k".repeat(100_000)])("nothing is close to %.20s", (word) => {
  expect(closest(word, candidates)).toBeUndefined();
  expect(didYouMean(word, candidates)).toBe("");
});
