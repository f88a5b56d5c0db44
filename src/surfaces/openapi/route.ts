import { hubWords } from "../hub/words.ts";
import { type Answer, always, type Route } from "../route.ts";
import type { OpenApi } from "./open-api.ts";
import { docsPage, pageHeaders } from "./page.ts";

/** The description of these routes, for programs and for people. Both tell nothing private, and need no key. */
export function openApiRoutes(): readonly Route[] {
  const document = once(async () => JSON.stringify(await load()));
  const page = once(async () => docsPage(await load()));
  return [
    described("/openapi.json", async () => ({ kind: "whole", body: await document() })),
    described("/docs", async () => ({
      kind: "whole",
      type: "text/html; charset=utf-8",
      headers: pageHeaders,
      body: await page(),
    })),
  ];
}

function described(path: "/openapi.json" | "/docs", answer: () => Promise<Answer>): Route {
  return { method: "GET", path, chained: false, words: always(hubWords), read: () => answer };
}

/** Nothing is read before somebody asks. */
async function load(): Promise<OpenApi> {
  const { default: document }: { default: object } = await import("./openapi.json", { with: { type: "json" } });
  return document as OpenApi;
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
