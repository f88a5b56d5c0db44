import { existsSync, readdirSync, readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Crossed, crossed, models } from "./crossed.ts";

/** What applications really sent to providers, and the path and schema of each kind. */
const kinds = [
  { folder: "openai", cases: /^chat-/, path: "/chat/completions", schema: "CreateChatCompletionRequest" },
  { folder: "openai", cases: /^responses-/, path: "/responses", schema: "CreateResponse" },
  { folder: "openai", cases: /^embeddings-/, path: "/embeddings", schema: "CreateEmbeddingRequest" },
  { folder: "anthropic", cases: /./, path: "/messages", schema: undefined },
] as const;

const fixtures = new URL("../../fixtures/", import.meta.url);
const spec = JSON.parse(
  readFileSync(new URL("specs/openai/openapi-requests.json", fixtures), "utf8").replaceAll('"oneOf"', '"anyOf"'),
);
const ajv = new Ajv({ strict: false, validateFormats: false }).addSchema(spec, "openai");

let stage: Crossed;

beforeAll(async () => {
  stage = await crossed();
});

afterAll(() => stage[Symbol.asyncDispose]());

interface Body {
  readonly stream?: boolean;
  readonly [field: string]: unknown;
}

function bodyOf(folder: string, name: string): Body {
  return JSON.parse(readFileSync(new URL(`${folder}/${name}/request.json`, fixtures), "utf8"));
}

async function ask(path: string, body: Body): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(stage.baseURL + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

describe.each(kinds)("$folder $path", ({ folder, cases, path, schema }) => {
  const names = readdirSync(new URL(`${folder}/`, fixtures)).filter(
    (name) => cases.test(name) && existsSync(new URL(`${folder}/${name}/request.json`, fixtures)),
  );

  test("there are recordings", () => {
    expect(names.length).toBeGreaterThan(1);
  });

  test.each(names)("%s is taken as it was sent, whoever is to answer", async (name) => {
    const recorded = bodyOf(folder, name);
    if (schema !== undefined) {
      const validate = ajv.getSchema(`openai#/components/schemas/${schema}`);
      expect([validate?.(recorded), validate?.errors]).toEqual([true, null]);
    }
    for (const model of path === "/embeddings" ? ["openai/text-embedding-3-small"] : models) {
      const { status, text } = await ask(path, { ...recorded, model });
      expect(`${status} ${text.slice(0, 400)}`).toMatch(/^200 /);
      if (recorded.stream === true)
        expect(text).toMatch(/\[DONE\]\n\n$|event: message_stop\n|event: response\.(?:completed|incomplete)\n/);
    }
  });
});
