import { createHash } from "node:crypto";
import { type ExampleRequest, examplesFor, operationsOf } from "./example.ts";
import { anchorOf, fieldsTable, typeOf } from "./fields-table.ts";
import { html, Markup, type Piece } from "./markup.ts";
import type { OpenApi, Operation, Parameter, Reference, Response } from "./open-api.ts";
import { style } from "./style.ts";

/** The document as one page. */
export function docsPage(document: OpenApi): string {
  const { info, tags, components, "x-llmhub-errors": errors } = document;
  const operations = operationsOf(document);
  const sections = tags.map(({ name }) => {
    const own = operations.filter(([, , operation]) => operation.tags.includes(name));
    return html`<h2>${name}</h2>${own.map(([path, method, operation]) => sectionOf(path, method, operation, document))}`;
  });
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) => html`<section id="${anchorOf(name)}"><h3><code>${name}</code></h3>
${paragraphs(schema.description ?? "")}<p>${typeOf(schema)}</p>${fieldsTable(schema)}</section>`,
  );
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${info.title}: API</title>${new Markup(`<style>${style}</style>`)}</head><body>
<header><h1>${info.title}</h1><p>Version ${info.version}. For programs: <a href="/openapi.json">openapi.json</a>.</p></header>
<main>${paragraphs(info.description)}
<p>The examples are for a shell with <code>LLMHUB=${"http://127.0.0.1:50051"}</code> and, where the gateway asks for one, a
key in <code>LLMHUB_KEY</code>.</p>
<nav><ul>${operations.map(linkOf)}<li><a href="#errors">Errors</a><li><a href="#schemas">Schemas</a></ul></nav>
${sections}
<h2 id="errors">Errors</h2><table><thead><tr><th>Reason<th>Status<th>Meaning</thead><tbody>
${errors.map(({ reason, status, meaning }) => html`<tr><td><code>${reason}</code><td>${status}<td>${meaning}`)}
</tbody></table>
<h2 id="schemas">Schemas</h2>${schemas}</main></body></html>
`;
  return page.text;
}

/** The headers of the page: a browser loads nothing for it, runs nothing in it, and shows it in no frame. */
export const pageHeaders = {
  "content-security-policy":
    `default-src 'none'; style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
};

function linkOf([path, method, { operationId, summary }]: readonly [string, string, Operation]): Markup {
  return html`<li><a href="#${operationId}"><code>${method.toUpperCase()} ${path}</code></a> ${summary}`;
}

function sectionOf(path: string, method: string, operation: Operation, document: OpenApi): Markup {
  const { operationId, summary, description, security, parameters, requestBody, responses } = operation;
  const isOpen = security?.length === 0;
  const body = requestBody?.content["application/json"]?.schema;
  return html`<section id="${operationId}"><h3><code>${method.toUpperCase()} ${path}</code></h3>
<p><strong>${summary}.</strong> ${description}${isOpen ? " It needs no key." : ""}</p>
${parametersTable(parameters, document)}
${body === undefined ? "" : html`<h4>Body</h4><p>${typeOf(body)}</p>`}
<h4>Examples</h4>${examplesFor(path, method, operation).map((example) => commandOf(example, isOpen))}
<h4>Answers</h4><table><thead><tr><th>Status<th>Content<th>Meaning</thead><tbody>
${Object.entries(responses).map(([status, response]) => answerRow(status, response))}</tbody></table></section>`;
}

function parametersTable(parameters: Operation["parameters"], { components }: OpenApi): Piece {
  if (parameters.length === 0) return "";
  const resolved = parameters.map((parameter) => resolve(parameter, components.parameters));
  const rows = resolved.map(
    ({ name, in: place, description, schema, required }) =>
      html`<tr><td><code>${name}</code>${
        required ? html` <em>required</em>` : ""
      }<td>${place}<td>${typeOf(schema)}<td>${description}`,
  );
  return html`<h4>Parameters</h4><table><thead><tr><th>Name<th>In<th>Type<th>Meaning</thead><tbody>${rows}</tbody></table>`;
}

function resolve(parameter: Parameter | Reference, known: OpenApi["components"]["parameters"]): Parameter {
  if ("name" in parameter) return parameter;
  const found = known[parameter.$ref.slice(parameter.$ref.lastIndexOf("/") + 1)];
  if (found === undefined) throw new Error(`the document has no ${parameter.$ref}`);
  return found;
}

function answerRow(status: string, { description, content = {}, headers = {} }: Response): Markup {
  const forms = Object.entries(content).map(
    ([type, { schema }]) => html`<div>${type}${schema === undefined ? "" : html`: ${typeOf(schema)}`}</div>`,
  );
  const names = Object.keys(headers);
  const told = names.length === 0 ? "" : html` <small>Headers: ${names.join(", ")}.</small>`;
  return html`<tr><td>${status}<td>${forms}<td>${description}${told}`;
}

/** A command for a shell. */
function commandOf({ summary, method, path, headers, body }: ExampleRequest, isOpen: boolean): Markup {
  const lines = [
    `curl -sN${method === "GET" ? "" : ` -X ${method}`} "$LLMHUB${path}"`,
    ...(isOpen ? [] : ['-H "authorization: Bearer $LLMHUB_KEY"']),
    ...Object.entries(headers).map(([name, value]) => `-H '${name}: ${value}'`),
    ...(body === undefined ? [] : [`-d '${JSON.stringify(body, undefined, 2).replaceAll("'", "'\\''")}'`]),
  ];
  return html`<p>${summary}:</p><pre>${lines.join(" \\\n  ")}</pre>`;
}

function paragraphs(text: string): readonly Markup[] {
  return text.split("\n\n").map((paragraph) => html`<p>${paragraph}</p>`);
}
