import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";
import { lineAt, root } from "../support/source.ts";
import { everyPage } from "./page.ts";

const pages = everyPage();

test("every link leads to a file, and every anchor to a heading", () => {
  const wrong = pages.flatMap(({ path, prose }) =>
    [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap((match) => {
      const target = match[1] ?? "";
      const problem = /^[a-z]+:/.test(target) ? undefined : problemOf(path, target);
      return problem === undefined ? [] : [`${path}:${lineAt(prose, match.index)} ${target}: ${problem}`];
    }),
  );
  expect(wrong).toEqual([]);
});

test("every page of docs is in its index, and in that of README", () => {
  const names = pages.map(({ path }) => path).filter((path) => /^docs\/(?!README)[^/]+$/.test(path));
  const [readme, index] = ["README.md", "docs/README.md"].map((path) => readFileSync(join(root, path), "utf8"));
  expect(names.filter((path) => !readme?.includes(`(${path})`) || !index?.includes(`(${path.slice(5)})`))).toEqual([]);
});

test("decisions are in the order of their numbers, each with an anchor that its title does not change", () => {
  const text = readFileSync(join(root, "docs/decisions.md"), "utf8");
  const headings = [...text.matchAll(/^<a id="d-(\d+)"><\/a>\n\n## D-(\d+): \S/gm)];
  const numbers = headings.map(([, anchor, title]) => (anchor === title ? Number(title) : Number.NaN));
  expect(numbers).toHaveLength(text.match(/^## /gm)?.length ?? 0);
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
});

test("anchors are those that GitHub makes", () => {
  expect(anchorsOf("# Vercel's AI SDK\n## A `b_c`, d\n## A b_c d\n")).toEqual([
    "vercels-ai-sdk",
    "a-b_c-d",
    "a-b_c-d-1",
  ]);
});

function problemOf(page: string, target: string): string | undefined {
  const [file = "", anchor] = target.split("#");
  const path = file === "" ? page : normalize(join(dirname(page), file));
  if (!existsSync(join(root, path))) return "there is no such file";
  if (anchor === undefined || !path.endsWith(".md")) return undefined;
  if (!statSync(join(root, path)).isFile()) return "a folder has no anchors";
  const known = anchorsOf(readFileSync(join(root, path), "utf8"));
  return known.includes(anchor) ? undefined : "there is no such heading";
}

/** Anchors of a page: one for each heading, numbered where it stands twice, and those set by hand. */
function anchorsOf(text: string): string[] {
  const seen = new Map<string, number>();
  const outside = text.replaceAll(/^```.*?^```/gms, "");
  const headings = [...outside.matchAll(/^#+ +(.+)$/gm)].map(([, heading = ""]) => {
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, "")
      .replaceAll(" ", "-");
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    return before === 0 ? slug : `${slug}-${before}`;
  });
  return [...headings, ...[...outside.matchAll(/<a id="([^"]+)">/g)].map(([, id = ""]) => id)];
}
