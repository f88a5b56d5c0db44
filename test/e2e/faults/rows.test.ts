import { expect, test } from "vitest";
import { sourcesOf } from "../../support/source.ts";

const numbered = (letter: string, last: number): string[] =>
  Array.from({ length: last }, (_, i) => `${letter}${i + 1}`);

/** Every fault that the gateway is to survive: U of a provider, R of Redis, G of its process and its neighbours. */
const rows = [
  ...numbered("U", 27),
  ...numbered("R", 8),
  ...["G2", "G3", "G4", "G5", "G6", "G8", "G9", "G11", "G12", "G13", "G14"],
];

/** Rows at the beginning of a string: the name of a test, or of a row of its table. */
const named = /["'`]((?:[A-Z]\d+, )*[A-Z]\d+)[:, ]/g;

test("every fault that is to be survived has a test that is named after it", () => {
  const found = new Set(
    sourcesOf("test")
      .filter(({ path }) => path.endsWith(".test.ts"))
      .flatMap(({ text }) => [...text.matchAll(named)].flatMap(([, names = ""]) => names.split(", "))),
  );
  expect(rows.filter((row) => !found.has(row))).toEqual([]);
});
