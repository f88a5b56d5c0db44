import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { filesOf, lineAt, root } from "../support/source.ts";

/** A fenced block of a page. */
export interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  /** What stands behind the language, by name: "no-run: needs a cluster; exits: 3". A bare word has an empty text. */
  readonly notes: ReadonlyMap<string, string>;
  readonly text: string;
}

/** A page of Markdown. */
export interface Page {
  /** From the top folder: "docs/routing.md". */
  readonly path: string;
  readonly text: string;
  /** The text without what is quoted as code, line for line. */
  readonly prose: string;
  readonly blocks: readonly Block[];
}

const fence = /^( *)```(\w*)(?: +([^\n]*))?\n(.*?)^ *```$/gms;

/** What is written for people who use and run the gateway: README, the pages of docs, those beside examples and chart. */
export function documentation(): Page[] {
  const own = ["README.md", "CONTRIBUTING.md", "SECURITY.md"].filter((path) => existsSync(join(root, path)));
  return [...own, ...filesOf("docs", "examples", "helm")].filter(isPage).map(pageAt);
}

/** Every page of the repository. */
export function everyPage(): Page[] {
  const folders = ["docs", "src", "test", "examples", "helm", "proto", ".github"];
  return ["README.md", "CONTRIBUTING.md", "SECURITY.md", ...filesOf(...folders)]
    .filter((path) => isPage(path) && existsSync(join(root, path)))
    .map(pageAt);
}

function pageAt(path: string): Page {
  const text = readFileSync(join(root, path), "utf8");
  const blocks = [...text.matchAll(fence)].map((match) => {
    const [, indent = "", language = "", note = "", inside = ""] = match;
    const line = lineAt(text, match.index);
    const block = inside.replaceAll(new RegExp(`^${indent}`, "gm"), "");
    return { page: path, line, language, notes: notesOf(note), text: block };
  });
  const prose = text.replaceAll(fence, blankLines).replaceAll(/`[^`\n]*`/g, "");
  return { path, text, prose, blocks };
}

function notesOf(note: string): ReadonlyMap<string, string> {
  const parts = note.split(/; (?=(?:no-run|run-by|needs|exits|file)\b)/);
  return new Map(
    parts.filter((part) => part !== "").map((part) => [part.split(":", 1)[0] ?? "", part.replace(/^[^:]*:? */, "")]),
  );
}

function isPage(path: string): boolean {
  return path.endsWith(".md") && !path.includes("node_modules/");
}

function blankLines(text: string): string {
  return text.replaceAll(/[^\n]/g, "");
}
