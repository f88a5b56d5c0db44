import { overrides } from "../config/environment.ts";
import { configJsonSchema } from "../config/json-schema.ts";
import { wantsRestart } from "../config/restart-need.ts";
import { code, table } from "./markdown.ts";

/** What is used here of JSON Schema. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

interface Setting {
  readonly path: string;
  readonly schema: Schema;
  readonly required: boolean;
}

/** Variables of the environment by the path of the setting that they replace. */
const variables = new Map(Object.entries(overrides).map(([variable, path]) => [path.join("."), variable]));

const header = ["setting", "value", "absent", "counts from", "what it is"];

/** Tables of every setting of the configuration file: form, limits, default, from when on it counts, and the variable that replaces it. */
export function configReference(schema: Schema = configJsonSchema()): string {
  const sections = Object.entries(schema.properties ?? {}).map(([name, section]) => {
    const required = schema.required?.includes(name) ?? false;
    const whole = plain(section);
    const [own, ...rest] = settingsBelow({ path: name, schema: whole, required });
    const rows = rest.length === 0 && own !== undefined ? [own] : rest;
    const about = `${whole.description ?? ""}${required ? " Required." : ""}`;
    return `## ${name}\n\n${about}\n\n${table(header, rows.map(row))}`;
  });
  return sections.join("\n");
}

/** A setting and all below it, in the order of the schema. */
function settingsBelow(setting: Setting): Setting[] {
  const { path, schema } = setting;
  const { properties = {}, additionalProperties, items } = schema;
  const below = Object.entries(properties).map(([name, each]) => ({
    path: `${path}.${name}`,
    schema: plain(each),
    required: schema.required?.includes(name) ?? false,
  }));
  const each = typeof additionalProperties === "object" ? entryOf(`${path}.<name>`, additionalProperties) : [];
  const item = items === undefined ? [] : entryOf(`${path}[]`, items);
  return [setting, ...below.flatMap(settingsBelow), ...each, ...item];
}

/** What stands in a map or a list, where it has settings of its own. */
function entryOf(path: string, schema: Schema): Setting[] {
  const entry = { path, schema: plain(schema), required: false };
  return entry.schema.properties === undefined ? [] : settingsBelow(entry);
}

/** A schema without the choice of leaving it empty. */
function plain(schema: Schema): Schema {
  const others = schema.anyOf?.filter(({ type }) => type !== "null") ?? [];
  const [only] = others;
  return only !== undefined && others.length === 1 ? { ...only, ...withoutChoice(schema) } : schema;
}

function withoutChoice({ anyOf: _, ...rest }: Schema): Schema {
  return rest;
}

function row({ path, schema, required }: Setting): string[] {
  const { description = "" } = schema;
  const name = required ? `**${code(path)}**` : code(path);
  const when = isGroup(schema) ? "" : wantsRestart(path) ? "restart" : "reload";
  const variable = variables.get(path);
  const about = variable === undefined ? description : `${description} The variable ${code(variable)} goes before.`;
  return [name, formOf(schema), required ? "refused" : absent(schema), when, about];
}

function isGroup({ properties, items }: Schema): boolean {
  return properties !== undefined || items?.properties !== undefined;
}

function absent(schema: Schema): string {
  const value = schema.default;
  const isBare =
    value === undefined || value === "" || (typeof value === "object" && Object.keys(value ?? {}).length === 0);
  return isBare ? "" : code(typeof value === "string" ? value : JSON.stringify(value));
}

function formOf(schema: Schema): string {
  const { type, properties, additionalProperties, items, minItems, maxItems } = schema;
  if (schema.enum !== undefined) return schema.enum.map((value) => code(String(value))).join(", ");
  if (properties !== undefined) return "section";
  if (type === "object") return `map of ${entryForm(additionalProperties)}`;
  if (items !== undefined) {
    const least = minItems === undefined ? "" : `; ${minItems} at least`;
    const most = maxItems === undefined ? "" : `; ${maxItems} at most`;
    return `list of ${entryForm(items)}${least}${most}`;
  }
  if (type === "boolean") return "`true`, `false`";
  if (schema.examples !== undefined) return `such as ${examplesOf(schema)}`;
  return type === "string" ? "text" : numberForm(schema);
}

function numberForm({ type, minimum, maximum }: Schema): string {
  if (minimum === undefined || maximum === undefined) return "any value";
  const bounds = `${minimum.toLocaleString("en")} to ${maximum.toLocaleString("en")}`;
  return `${type === "integer" ? "whole number" : "number"}, ${bounds}`;
}

/** What a list or a map consists of. */
function entryForm(entry: Schema | boolean | undefined): string {
  const schema = typeof entry === "object" ? plain(entry) : {};
  if (schema.properties !== undefined) return "sections";
  return schema.examples === undefined ? formOf(schema) : `texts such as ${examplesOf(schema)}`;
}

function examplesOf({ examples = [] }: Schema): string {
  return examples.map((value) => code(String(value))).join(", ");
}
