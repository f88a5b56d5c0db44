import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { html } from "../../../src/surfaces/openapi/markup.ts";
import type { OpenApi } from "../../../src/surfaces/openapi/open-api.ts";
import document from "../../../src/surfaces/openapi/openapi.json" with { type: "json" };
import { docsPage, pageHeaders } from "../../../src/surfaces/openapi/page.ts";

const api: OpenApi = JSON.parse(JSON.stringify(document));
const page = docsPage(api);

test("loads nothing from elsewhere, and runs no script", () => {
  expect(page).not.toMatch(/<(?:script|link|img|iframe|object|embed)|\ssrc=|\son\w+=|url\(|@import/i);
  const links = [...page.matchAll(/href="([^"]*)"/g)].map(([, href = ""]) => href);
  expect(links.filter((href) => !/^(?:#|\/openapi\.json$)/.test(href))).toEqual([]);
});

test("has an end for each of its links", () => {
  const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id = ""]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const missing = [...page.matchAll(/href="#([^"]*)"/g)].filter(([, id = ""]) => !ids.includes(id));
  expect(missing.map(([link]) => link)).toEqual([]);
});

test("allows its own style and nothing else", () => {
  const style = /<style>(.*)<\/style>/s.exec(page)?.[1] ?? "";
  const digest = createHash("sha256").update(style).digest("base64");
  expect(pageHeaders["content-security-policy"]).toContain(`default-src 'none'; style-src 'sha256-${digest}';`);
});

test("shows every route, every field and every reason of an error", () => {
  for (const path of Object.keys(api.paths)) expect(page).toContain(` ${path}</code>`);
  for (const { reason } of api["x-llmhub-errors"]) expect(page).toContain(`<code>${reason}</code>`);
  for (const { properties = {} } of Object.values(api.components.schemas)) {
    for (const name of Object.keys(properties)) expect(page).toContain(`${name}</code>`);
  }
});

test("shows where fields within fields are, and which form they belong to", () => {
  expect(page).toContain("<code>choices[].delta.tool_calls[].function.arguments</code>");
  expect(page).toContain(
    "<code>response_format</code> where <code>type</code> is <code>&quot;json_schema&quot;</code>",
  );
});

test("escapes what is text", () => {
  expect(html`<b>${["<i>", html`<u>${`"&'`}</u>`]}</b>`.text).toBe("<b>&lt;i&gt;<u>&quot;&amp;&#39;</u></b>");
});
