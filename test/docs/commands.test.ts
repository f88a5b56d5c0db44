import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isInstalled } from "../support/installed.ts";
import { root } from "../support/source.ts";
import { goToolFolder } from "../tools/go-tools.ts";
import { type Block, documentation, type Page } from "./page.ts";
import { type Ended, Scratch, statementsOf } from "./scratch.ts";

const pages = documentation();
const blocks = pages.flatMap((page) => page.blocks);

/** Notes that a block may bear, by language; a block of another language must say where it is run, or why not. */
const notesKnown = new Map([
  ["sh", ["no-run", "run-by", "needs", "exits"]],
  ["ts", ["no-run", "run-by", "fragment", "file"]],
  ["yaml", ["no-run", "run-by", "file"]],
  ["json", ["no-run"]],
  ["text", ["output"]],
  ["mermaid", []],
]);
/** Commands that must not hide in a block that is not run. */
const commandLine = /^(?:\$ |npm |npx |node |curl |grpcurl |helm |docker |kubectl |export |git |go |pip )/m;

const notRun = blocks.flatMap((block) =>
  ["no-run", "fragment"].flatMap((name) => {
    const reason = block.notes.get(name);
    return reason === undefined ? [] : [{ ...block, reason }];
  }),
);
const elsewhere = blocks.flatMap((block) => {
  const by = block.notes.get("run-by");
  return by === undefined ? [] : [{ ...block, by }];
});

test("every block says what it is, and how it is run", () => {
  expect(
    blocks.flatMap((block) => problemsOf(block).map((problem) => `${block.page}:${block.line} ${problem}`)),
  ).toEqual([]);
});

test.each(notRun)("$page:$line is not run: $reason", ({ reason }) => {
  expect(reason.split(" ").length).toBeGreaterThan(2);
});

test.each(elsewhere)("$page:$line is run by $by", ({ by }) => {
  expect(existsSync(join(root, by.split(" ", 1)[0] ?? ""))).toBe(true);
});

test.each(elsewhere.filter(({ by }) => by === ".ci/run"))("$page:$line has scripts that .ci/run runs", ({ text }) => {
  const ci = readFileSync(join(root, ".ci/run"), "utf8");
  const scripts = [...text.matchAll(/\bnpm (?:run )?([\w:-]+)/g)].map(([, script = ""]) => script);
  expect(scripts.filter((script) => !new RegExp(`npm (?:run --silent )?${script}(?![\\w:-])`).test(ci))).toEqual([]);
});

test("statements are lines, or what belongs together", () => {
  expect(statementsOf("# no\na \\\n  b\ncat <<EOF\nx\nEOF\n\ncurl -d '{\n}' x\nlast | \nmore")).toEqual([
    "a \\\n  b",
    "cat <<EOF\nx\nEOF",
    "curl -d '{\n}' x",
    "last | ",
    "more",
  ]);
});

describe.concurrent("what pages show works", () => {
  const shown = pages.filter((page) => page.blocks.some(isRun));
  test.each(shown.map((page) => [page.path, page] as const))(
    "%s",
    async (_path, page) => {
      await using scratch = await Scratch.open();
      const problems: string[] = [];
      for (const [i, block] of page.blocks.entries()) {
        const file = block.notes.get("file");
        if (file !== undefined) scratch.write(file, block.text);
        if (!isRun(block)) continue;
        const ended = await (block.language === "ts" ? scratch.program(block.text) : scratch.shell(block.text));
        const problem = problemIn(block, ended, outputBehind(page, i));
        if (problem !== undefined) problems.push(`${block.page}:${block.line} ${problem}`);
      }
      expect(problems).toEqual([]);
    },
    240_000,
  );
});

for (const tool of new Set(blocks.flatMap(({ notes }) => toolsOf(notes)))) {
  test.skipIf(!isHere(tool))(`${tool} is here, and what needs it is run`, () => {
    expect(blocks.filter((block) => isRun(block) && toolsOf(block.notes).includes(tool))).not.toEqual([]);
  });
}

function toolsOf(notes: Block["notes"]): string[] {
  return notes.get("needs")?.split(", ") ?? [];
}

function problemsOf({ language, notes, text }: Block): string[] {
  const known = notesKnown.get(language);
  if (language === "") return ["say what it is: sh, yaml, json, ts, text"];
  if (known === undefined) {
    const says = notes.has("run-by") || notes.has("no-run");
    return says ? [] : [`"${language}" needs "run-by: FILE" or "no-run: WHY" behind it`];
  }
  const unknown = [...notes.keys()].filter((name) => !known.includes(name)).map((name) => `unknown note "${name}"`);
  const hidden = language === "text" && !notes.has("output") && commandLine.test(text);
  return [...unknown, ...(hidden ? ["has commands: make it sh, with no-run if it cannot be run"] : [])];
}

function isRun({ language, notes }: Block): boolean {
  if (["no-run", "run-by", "fragment", "file"].some((note) => notes.has(note))) return false;
  return language === "ts" || (language === "sh" && toolsOf(notes).every(isHere));
}

function isHere(name: string): boolean {
  return isInstalled(name) || existsSync(join(goToolFolder, name));
}

/** What a page says that a block writes. */
function outputBehind(page: Page, index: number): string | undefined {
  const next = page.blocks[index + 1];
  return next?.notes.has("output") ? next.text : undefined;
}

function problemIn(
  { notes }: Block,
  { code, statements, errors }: Ended,
  expected: string | undefined,
): string | undefined {
  const wanted = Number(notes.get("exits") ?? 0);
  const last = statements.at(-1);
  if (code !== wanted) return `${last?.text} ends with ${code}: ${(errors || last?.output)?.slice(-2000)}`;
  for (const { text, output } of wanted === 0 ? statements : []) {
    if (/^(?:curl|grpcurl|npm)\b/.test(text) && output.trim() === "") return `${text} writes nothing: ${errors}`;
    if (/^\{"(?:code|error|type":"error)"/.test(output)) return `${text} is answered with ${output}`;
  }
  const all = `${statements.map(({ output }) => output).join("\n")}\n${errors}`;
  return expected === undefined || patternOf(expected).test(all)
    ? undefined
    : `does not write what is shown, but ${all}`;
}

/** The lines that are shown, in their order; "…" stands for anything. */
function patternOf(shown: string): RegExp {
  const lines = shown
    .trim()
    .split("\n")
    .map((line) => line.trim());
  return new RegExp(lines.map((line) => line.split("…").map(escaped).join("[^]*?")).join("[^]*?"));
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
