import OpenAI from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Crossed, crossed } from "./crossed.ts";

let stage: Crossed;
let client: OpenAI;

beforeAll(async () => {
  stage = await crossed({
    models: { aliases: { fast: "openai/gpt-5-mini" } },
    auth: { mode: "off" },
  });
  client = new OpenAI({ baseURL: stage.baseURL, apiKey: "lh_none", maxRetries: 0 });
});

afterAll(() => stage[Symbol.asyncDispose]());

test("vectors are the same as numbers and in base64, which the SDK asks for by itself", async () => {
  const model = "openai/text-embedding-3-small";
  const input = ["red", "blue"];
  const packed = await client.embeddings.create({ model, input, dimensions: 8 });
  const plain = await client.embeddings.create({ model, input, dimensions: 8, encoding_format: "float" });
  expect(packed.data.map(({ embedding }) => embedding)).toEqual(plain.data.map(({ embedding }) => embedding));
  expect(packed.data.map(({ index, embedding }) => [index, embedding.length])).toEqual([
    [0, 8],
    [1, 8],
  ]);
  expect(packed.model).toBe(model);
  expect(packed.usage.prompt_tokens).toBeGreaterThan(0);
  const [one] = (await client.embeddings.create({ model, input: "red", dimensions: 8 })).data;
  expect(one?.embedding).toEqual(packed.data[0]?.embedding);
});

test("lists of tokens, and models that do not embed, are refused", async () => {
  const refused = async (body: object) => {
    const error = await client.embeddings.create(body as never).catch((thrown: unknown) => thrown);
    return error instanceof OpenAI.APIError ? [error.status, error.param] : "answered";
  };
  expect(await refused({ model: "openai/text-embedding-3-small", input: [1, 2] })).toEqual([400, "input[0]"]);
  expect(await refused({ model: "openai/gpt-5", input: "red" })).toEqual([400, "model"]);
  expect((await refused({ model: "anthropic/claude-sonnet-4-5", input: "red" }))[0]).toBe(501);
});

test("models and aliases are listed, and each is found by its name", async () => {
  const all: string[] = [];
  for await (const { id, object } of client.models.list()) {
    expect(object).toBe("model");
    all.push(id);
  }
  expect(all).toContain("fast");
  expect(all).toContain("anthropic/claude-sonnet-4-5");
  expect(new Set(all).size).toBe(all.length);
  expect(await client.models.retrieve("anthropic/claude-sonnet-4-5")).toMatchObject({ owned_by: "anthropic" });
  expect(await client.models.retrieve("fast")).toMatchObject({ id: "fast", owned_by: "openai" });
  await expect(client.models.retrieve("nobody/knows")).rejects.toThrow(OpenAI.NotFoundError);
});

test("clients of Anthropic's API get the list in its form", async () => {
  const headers = { "anthropic-version": "2023-06-01" };
  const list = (await (await fetch(`${stage.baseURL}/models`, { headers })).json()) as {
    readonly data: readonly { readonly id: string; readonly type: string }[];
    readonly has_more: boolean;
  };
  expect(list.has_more).toBe(false);
  expect(list.data.map(({ id }) => id)).toContain("anthropic/claude-sonnet-4-5");
  expect(list.data.every(({ type }) => type === "model")).toBe(true);
});
