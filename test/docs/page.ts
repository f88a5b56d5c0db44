import { readFileSync } from "node:fs";
import { join } from "node:path";
import { filesOf, lineAt, root } from "../support/source.ts";

/** A fenced block of a page. */
export interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  /** What stands behind the language: "no-run: needs a cluster". */
  readonly note: string;
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

/** README and the pages of docs. */
export function documentation(): Page[] {
  return ["README.md", ...filesOf("docs")].filter((path) => path.endsWith(".md")).map(pageAt);
}

/** Every page of the repository. */
export function everyPage(): Page[] {
  const folders = ["docs", "src", "test", "examples", "helm", "proto", ".github"];
  return ["README.md", ...filesOf(...folders)].filter(isPage).map(pageAt);
}

function pageAt(path: string): Page {
  const text = readFileSync(join(root, path), "utf8");
  const blocks = [...text.matchAll(fence)].map((match) => {
    const [, indent = "", language = "", note = "", inside = ""] = match;
    const line = lineAt(text, match.index);
    return { page: path, line, language, note, text: inside.replaceAll(new RegExp(`^${indent}`, "gm"), "") };
  });
  const prose = text.replaceAll(fence, blankLines).replaceAll(/`[^`\n]*`/g, "");
  return { path, text, prose, blocks };
}

function isPage(path: string): boolean {
  return path.endsWith(".md") && !path.includes("node_modules/");
}

function blankLines(text: string): string {
  return text.replaceAll(/[^\n]/g, "");
}
