import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../support/source.ts";
import { documentation } from "./page.ts";

/** Blocks that are not run themselves, but stand in a program that is. Tests read theirs from the page. */
const quotes = documentation()
  .flatMap(({ blocks }) => blocks)
  .flatMap((block) => {
    const file = block.notes.get("run-by");
    return block.language === "sh" || file === undefined || file.endsWith(".test.ts") ? [] : [{ ...block, file }];
  });

test("there are quotes", () => {
  expect(quotes.length).toBeGreaterThan(5);
});

test.each(quotes)("$page:$line is what $file says", ({ file, text }) => {
  expect(readFileSync(join(root, file), "utf8")).toContain(text);
});
