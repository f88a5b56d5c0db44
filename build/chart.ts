// Part of npm run generate: what the chart in helm/ repeats of the sources, and the table of its values.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isMap, isNode, isScalar, type Pair, parseDocument } from "yaml";
import { configJsonSchema } from "../src/config/json-schema.ts";
import { version } from "../src/version.ts";

const chart = join(import.meta.dirname, "../helm/llmhub");
const [begin, end] = ["<!-- values, by npm run generate -->\n", "<!-- /values -->\n"];

/** A value of the chart, and what values.yaml says about it. */
interface Row {
  readonly path: string;
  readonly standard: string;
  readonly about: string;
}

const schemaPath = join(chart, "values.schema.json");
const schema = JSON.parse(readFileSync(schemaPath, "utf8"));
const config = { ...configJsonSchema(), $schema: undefined, title: undefined, required: undefined };
// The chart knows them where values do not say them.
delete schemaAt(config, "properties", "redis")["required"];
schema.$defs.config = portable(config);
write(schemaPath, `${JSON.stringify(schema, undefined, 2)}\n`);
execFileSync("biome", ["format", "--write", schemaPath]);

change("Chart.yaml", (text) => text.replace(/^appVersion: .*$/m, `appVersion: ${version()}`));
change("README.md", (text) => {
  const [before, rest = ""] = text.split(begin);
  const [, after] = rest.split(end);
  if (after === undefined) throw new Error("the chart's README.md has lost the marks around the table of values");
  return `${before}${begin}\n${table(rowsOf(readFileSync(join(chart, "values.yaml"), "utf8")))}\n${end}${after}`;
});

/**
 * With patterns that helm can read: Go knows neither looks ahead and behind nor more than 1,000 repeats. The gateway itself
 * goes by the whole pattern.
 */
function portable(schema: object): object {
  const text = JSON.stringify(schema, (key, value) => {
    if (key !== "pattern" || typeof value !== "string") return value;
    if (/\(\?<?[=!]/.test(value)) return undefined;
    return value.replace(/\{(\d+),(\d+)\}/g, (all, least, most) => (Number(most) > 1000 ? `{${least},}` : all));
  });
  return JSON.parse(text);
}

function schemaAt(schema: object, ...path: readonly string[]): Record<string, unknown> {
  const found = path.reduce<unknown>((node, step) => Object(node)[step], schema);
  if (typeof found !== "object" || found === null)
    throw new Error(`the schema of the configuration has no ${path.join(".")}`);
  return found as Record<string, unknown>;
}

function change(name: string, how: (text: string) => string): void {
  write(join(chart, name), how(readFileSync(join(chart, name), "utf8")));
}

function write(path: string, text: string): void {
  writeFileSync(path, text);
}

function table(rows: readonly Row[]): string {
  const cell = (text: string) => text.replaceAll("|", "\\|");
  const lines = rows.map(({ path, standard, about }) => `| \`${path}\` | ${standard} | ${cell(about)} |`);
  return ["| value | default | what |", "| --- | --- | --- |", ...lines, ""].join("\n");
}

/** One row for each value with a comment before it. Throws for one without. */
function rowsOf(text: string): Row[] {
  const { contents } = parseDocument(text);
  if (!isMap(contents)) throw new Error("values.yaml is no map");
  return contents.items.flatMap((pair) => rowsBelow(pair, []));
}

function rowsBelow(pair: Pair, above: readonly string[]): Row[] {
  if (!isScalar(pair.key)) throw new Error("a key of values.yaml is no text");
  const path = [...above, String(pair.key.value)];
  // The comment before the first key of a map belongs to the map's node.
  const about = commentOf(pair);
  if (about !== undefined) return [{ path: path.join("."), standard: standardOf(pair.value), about }];
  if (!isMap(pair.value)) throw new Error(`${path.join(".")} in values.yaml has no comment`);
  const [first, ...others] = pair.value.items;
  if (first === undefined) throw new Error(`${path.join(".")} in values.yaml is empty`);
  const comment = pair.value.commentBefore;
  if (comment && isScalar(first.key)) first.key.commentBefore = comment;
  return [first, ...others].flatMap((each) => rowsBelow(each, path));
}

function commentOf({ key }: Pair): string | undefined {
  if (!isScalar(key) || !key.commentBefore) return undefined;
  // What stands before an empty line is about the file.
  const lines = key.commentBefore.split("\n").map((line) => line.trim());
  return lines.slice(lines.lastIndexOf("") + 1).join(" ");
}

function standardOf(node: unknown): string {
  const text = JSON.stringify(isNode(node) ? node.toJSON() : node);
  return text.length > 80 ? "see values.yaml" : `\`${text}\``;
}
