import type { JsonSchema } from "./json-schema.ts";
import { html, type Markup, type Piece } from "./markup.ts";

const refPrefix = "#/components/schemas/";

/** Anchor of a schema in the page. */
export function anchorOf(name: string): string {
  return `schema-${name}`;
}

/** What a value may be, in a few words; names of schemas are links. */
export function typeOf(schema: JsonSchema): Piece {
  const { $ref, const: constant, enum: values, anyOf, oneOf, type, format, items, additionalProperties } = schema;
  if ($ref !== undefined) {
    const name = $ref.slice(refPrefix.length);
    return html`<a href="#${anchorOf(name)}">${name}</a>`;
  }
  if (constant !== undefined) return html`<code>${JSON.stringify(constant)}</code>`;
  if (values !== undefined) return joined(values.map((value) => html`<code>${JSON.stringify(value)}</code>`));
  const alternatives = anyOf ?? oneOf;
  if (alternatives !== undefined) {
    const kinds = new Map(alternatives.map((one) => [JSON.stringify(typeOf(one)), typeOf(one)] as const));
    return joined([...kinds.values()]);
  }
  if (items !== undefined) return html`list of ${typeOf(items)}`;
  if (typeof additionalProperties === "object") return html`map to ${typeOf(additionalProperties)}`;
  const names = typeof type === "string" ? [type] : (type ?? ["anything"]);
  return names.join(" or ") + (format === undefined ? "" : ` (${format})`);
}

/** A table of the fields that an object and the objects in it have; empty for what has none. */
export function fieldsTable(schema: JsonSchema): Piece {
  const rows = [...rowsOf(schema, "")];
  if (rows.length === 0) return "";
  return html`<table><thead><tr><th>Field<th>Type<th>Meaning</thead><tbody>${rows}</tbody></table>`;
}

function* rowsOf(schema: JsonSchema, path: string): Generator<Markup> {
  const { properties = {}, required = [], items, additionalProperties } = schema;
  for (const [name, field] of Object.entries(properties)) {
    const own = path === "" ? name : `${path}.${name}`;
    const must = required.includes(name) ? html` <em>required</em>` : "";
    yield html`<tr><td><code>${own}</code>${must}<td>${typeOf(field)}<td>${meaningOf(field)}`;
    yield* rowsOf(field, own);
  }
  for (const one of [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) {
    const mark = Object.entries(one.properties ?? {}).find(
      ([, { const: constant, enum: values }]) => constant ?? values,
    );
    if (mark !== undefined) {
      yield html`<tr class="form"><td colspan="3"><code>${path}</code> where <code>${mark[0]}</code> is ${typeOf(mark[1])}`;
    }
    yield* rowsOf(one, path);
  }
  if (items !== undefined) yield* rowsOf(items, `${path}[]`);
  if (typeof additionalProperties === "object") yield* rowsOf(additionalProperties, `${path}.*`);
}

/** What the description and the bounds say. */
function meaningOf(schema: JsonSchema): Piece {
  const bounds = ["minimum", "maximum", "minItems", "maxItems", "minLength", "maxLength", "pattern"]
    .filter((bound) => schema[bound] !== undefined)
    .map((bound) => html` <small>${bound}: <code>${String(schema[bound])}</code></small>`);
  return [schema.description ?? "", ...bounds];
}

function joined(pieces: readonly Piece[]): Piece {
  return pieces.map((piece, i) => (i === 0 ? piece : html` or ${piece}`));
}
