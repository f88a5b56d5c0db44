import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLError,
} from "yaml";
import { ConfigError } from "./config-error.ts";
import { isRecord } from "./record.ts";
import { type Environment, substitute } from "./substitution.ts";

/** Most uses of YAML anchors in one file: a few hundred nested ones can expand to gigabytes. */
const aliasesMax = 100;

/** Most syntax errors that are told: later ones mostly follow from the first. */
const faultsMax = 10;

/** Steps from the top of the configuration to a value. */
export type Path = readonly (string | number)[];

/** A parsed file: its plain value, environment variables put in, and where each part of it stands. */
export interface YamlFile {
  readonly value: Readonly<Record<string, unknown>>;
  /** References that could not be replaced. */
  readonly unresolved: readonly { readonly path: Path; readonly message: string }[];
  /** "name:line:col" of the value at a path, of its key if `key`, or of the nearest thing around it. */
  locate(path: Path, key: boolean): string;
}

/**
 * Reads YAML 1.2. References to the environment are replaced after parsing and inside single strings, so a variable
 * cannot change the structure. Throws a ConfigError for text that is not one map; its messages quote nothing.
 */
export function readYaml(name: string, text: string, env: Environment): YamlFile {
  const lines = new LineCounter();
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  const document = parse(name, text, lines, at);
  const locate = (path: Path, key: boolean) => at(offsetOf(document, path, key));
  const unresolved = substituteAll(document, env);
  const value: unknown = plain(document, name) ?? {};
  if (!isRecord(value)) throw new ConfigError([{ at: at(0), path: "", message: "must be a map of fields" }]);
  return { value, unresolved, locate };
}

function parse(name: string, text: string, lines: LineCounter, at: (offset: number) => string): Document {
  let document: Document;
  try {
    // Whether keys are unique is looked at below: the parser compares each with all before it.
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true, uniqueKeys: false });
  } catch {
    // The parser is recursive: a file of brackets exhausts the stack.
    throw new ConfigError([{ at: name, path: "", message: "cannot be parsed: it is nested too deeply" }]);
  }
  const all: Fault[] = [...document.errors, ...document.warnings, ...repeatedKeys(document.contents)];
  if (all.length === 0) return document;
  const exhausted = all.find(({ code }) => code === "RESOURCE_EXHAUSTION");
  const faults = exhausted === undefined ? all.slice(0, faultsMax) : [exhausted];
  throw new ConfigError(faults.map(({ code, pos }) => ({ at: at(pos[0]), path: "", message: syntaxText(code) })));
}

/** What is wrong with a text, and where. */
type Fault = Pick<YAMLError, "code" | "pos">;

/** Keys that their map has already, below a node. */
function repeatedKeys(node: unknown): Fault[] {
  if (isSeq(node)) return node.items.flatMap(repeatedKeys);
  if (!isMap(node)) return [];
  const seen = new Set<unknown>();
  return node.items.flatMap(({ key, value }): Fault[] => {
    const inside = repeatedKeys(value);
    if (!isScalar(key)) return inside;
    const isRepeated = seen.has(key.value);
    seen.add(key.value);
    return isRepeated ? [{ code: "DUPLICATE_KEY", pos: [startOf(key), startOf(key)] }, ...inside] : inside;
  });
}

/** The parser's own messages quote the text, which may hold secrets. */
const syntaxTexts: Readonly<Record<string, string>> = {
  BAD_ALIAS: "an alias (*name) has no anchor (&name) before it",
  BAD_INDENT: "the indentation does not fit, or a bracket or quote before it is not closed",
  BLOCK_IN_FLOW: "an indented block cannot stand inside {} or []; put quotes around values that contain braces",
  DUPLICATE_KEY: "the field appears twice in the same map; keep one",
  MISSING_CHAR: "a colon, comma, quote or closing bracket is missing here",
  MULTILINE_IMPLICIT_KEY: "a colon and a space are missing after the field name",
  MULTIPLE_DOCS: "a second document begins here; keep one",
  NON_STRING_KEY: "a field name must be plain text",
  RESOURCE_EXHAUSTION: "the nesting is too deep here",
  TAB_AS_INDENT: "a tab is used for indentation; use spaces",
  TAG_RESOLVE_FAILED: "a tag (!name) is not known here; remove it",
};

function syntaxText(code: string): string {
  return syntaxTexts[code] ?? "this is not valid YAML; look at quotes, brackets, colons and indentation";
}

function plain(document: Document, name: string): unknown {
  try {
    return document.toJS({ maxAliasCount: aliasesMax });
  } catch {
    const message = `YAML aliases expand to too much; use at most ${aliasesMax}, without nesting`;
    throw new ConfigError([{ at: name, path: "", message }]);
  }
}

function substituteAll(document: Document, env: Environment): YamlFile["unresolved"] {
  const unresolved: YamlFile["unresolved"][number][] = [];
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === "key" || typeof node.value !== "string") return;
      const result = substitute(node.value, env);
      if ("text" in result) node.value = result.text;
      else unresolved.push({ path: pathOf([...ancestors, node]), message: result.problem });
    },
  });
  return unresolved;
}

function pathOf(nodes: readonly unknown[]): Path {
  return nodes.flatMap((node, depth): Path => {
    if (isSeq(node)) return [node.items.indexOf(nodes[depth + 1])];
    return isPair(node) && isScalar(node.key) ? [String(node.key.value)] : [];
  });
}

function offsetOf(document: Document, path: Path, ofKey: boolean): number {
  let node: unknown = document.contents;
  let offset = isNode(node) ? startOf(node) : 0;
  for (const [depth, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
      if (pair === undefined || !isNode(pair.key)) return offset;
      node = pair.value;
      const wanted = ofKey && depth === path.length - 1 ? pair.key : node;
      offset = startOf(isNode(wanted) ? wanted : pair.key);
    } else if (isSeq(node) && typeof step === "number") {
      node = node.items[step];
      if (!isNode(node)) return offset;
      offset = startOf(node);
    } else return offset;
  }
  return offset;
}

function startOf(node: Node): number {
  return node.range?.[0] ?? 0;
}
