import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** Top folder of the repository. */
export const root = join(import.meta.dirname, "../..");

/** One import of a source file. */
export interface Import {
  /** As it is written. */
  readonly from: string;
  /** Path from the top folder, for files of the repository. */
  readonly path: string | undefined;
  /** Gone at run time. */
  readonly typeOnly: boolean;
  readonly line: number;
}

/** A TypeScript file of the repository. */
export interface Source {
  /** From the top folder: "src/model/call.ts". */
  readonly path: string;
  readonly text: string;
  /** The text with comments and the insides of strings blanked out, line for line. */
  readonly code: string;
  readonly imports: readonly Import[];
}

/** What is in folders but was not written for them: recordings, and the peers of the bench where they are installed. */
const foreign = /^test\/(?:fixtures|bench\/peers\/(?:node_modules|venv|bin))\//;

/** Every TypeScript file below the folders, what is foreign left out. */
export function sourcesOf(...folders: string[]): Source[] {
  return filesOf(...folders)
    .filter((path) => path.endsWith(".ts"))
    .map((path) => {
      const text = readFileSync(join(root, path), "utf8");
      return { path, text, code: withoutText(text), imports: importsOf(path, text) };
    });
}

/** Every file below the folders, what is foreign left out; folders that do not exist have none. */
export function filesOf(...folders: string[]): string[] {
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !foreign.test(path))
    .sort();
}

/** Line of a position, counted from 1. */
export function lineAt(text: string, position: number): number {
  return text.slice(0, position).split("\n").length;
}

function importsOf(path: string, text: string): Import[] {
  const found = text.matchAll(/^(?:import|export)\b([^;"]*?)\bfrom\s+"([^"]+)"|\bimport\("([^"]+)"\)/gm);
  return [...found].map((match) => {
    const from = match[2] ?? match[3] ?? "";
    const target = from.startsWith(".") ? join(dirname(path), from) : undefined;
    const typeOnly = match[3] !== undefined || /^\s+type\b/.test(match[1] ?? "");
    return { from, path: target, typeOnly, line: lineAt(text, match.index) };
  });
}

const pieces = [
  String.raw`\/\/[^\n]*`,
  String.raw`\/\*[\s\S]*?\*\/`,
  String.raw`"(?:\\.|[^"\\\n])*"`,
  String.raw`'(?:\\.|[^'\\\n])*'`,
  "`(?:\\\\[\\s\\S]|\\$\\{(?:[^{}`]|\\{[^{}]*\\}|`(?:\\\\.|[^`\\\\])*`)*\\}|[^`\\\\])*`",
  // A regular expression stands where a value is expected.
  String.raw`(?<=(?:^|[(,=:[!&|?{};]|return)\s*)\/(?![*\/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^\/\\\n[])+\/[a-z]*`,
];
const texts = new RegExp(pieces.join("|"), "g");

function withoutText(text: string): string {
  return text.replace(texts, (piece) => piece.replace(/[^\n]/g, " "));
}

/** A function, method or arrow function with a body in braces. */
export interface FunctionSpan {
  readonly line: number;
  readonly lines: number;
}

const notFunction =
  /\b(?:if|for|while|switch|catch|with|else|try|do|finally|class|interface|enum|import|export)\b[^=]*$/;

/** Where the functions of a file begin and how long they are, found by their braces. */
export function functionsOf(code: string): FunctionSpan[] {
  const open: { position: number; isFunction: boolean }[] = [];
  const spans: FunctionSpan[] = [];
  let headStart = 0;
  for (const { 0: sign, index } of code.matchAll(/[{};]/g)) {
    const head = code.slice(headStart, index);
    headStart = index + 1;
    if (sign === "{") open.push({ position: index - head.trimStart().length, isFunction: isFunctionHead(head) });
    if (sign !== "}") continue;
    const block = open.pop();
    if (block?.isFunction !== true) continue;
    const line = lineAt(code, block.position);
    spans.push({ line, lines: lineAt(code, index) - line + 1 });
  }
  return spans;
}

function isFunctionHead(head: string): boolean {
  // A group of tests is as long as its tests are many.
  if (/\bdescribe\b/.test(head)) return false;
  return /=>\s*$/.test(head) || /\bfunction\b/.test(head) || (/\)[^=]*$/.test(head) && !notFunction.test(head));
}
