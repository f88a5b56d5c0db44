import { afterAll, beforeAll, expect, test } from "vitest";
import type { Simulator } from "../../src/simulator/server.ts";
import { post, startFast } from "./client.ts";

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startFast();
});
afterAll(() => simulator.close());

const embed = async (body: object) =>
  JSON.parse((await post(simulator, "/v1/embeddings", { model: "embedding", ...body })).text);

test("the same text gets the same vector of length 1, in numbers or base64", async () => {
  const plain = await embed({ input: ["one", "two", "one"], dimensions: 4 });
  const vectors: number[][] = plain.data.map(({ embedding }: { embedding: number[] }) => embedding);
  expect(plain).toMatchObject({ object: "list", model: "embedding", usage: { prompt_tokens: 3, total_tokens: 3 } });
  expect(vectors[0]).toEqual(vectors[2]);
  expect(vectors[0]).not.toEqual(vectors[1]);
  for (const vector of vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
  const { data } = await embed({ input: "two", dimensions: 4, encoding_format: "base64" });
  const bytes = Buffer.from(data[0].embedding, "base64");
  expect([0, 4, 8, 12].map((at) => bytes.readFloatLE(at))).toEqual(vectors[1]);
});

test("what OpenAI refuses is refused", async () => {
  expect((await embed({ input: [] })).error).toMatchObject({ param: "input" });
  expect((await embed({ input: Array.from({ length: 2049 }, () => "a") })).error).toMatchObject({ param: "input" });
  expect((await embed({ input: "a", dimensions: 0 })).error).toMatchObject({ param: "dimensions" });
  expect((await embed({ model: "embedding:429", input: "a" })).error).toMatchObject({ code: "rate_limit_exceeded" });
});

test("documents are ordered by the words of the query", async () => {
  const body = { model: "rerank", query: "red apples", documents: ["blue sea", "red apples", "red sky"], top_n: 2 };
  const { results, usage } = JSON.parse((await post(simulator, "/v1/rerank", body)).text);
  expect(results.map(({ index }: { index: number }) => index)).toEqual([1, 2]);
  expect(results[0].relevance_score).toBeGreaterThan(results[1].relevance_score);
  expect(usage.total_tokens).toBeGreaterThan(0);
  const refused = JSON.parse((await post(simulator, "/v1/rerank", { model: "rerank", query: "q" })).text);
  expect(refused.error).toMatchObject({ param: "documents" });
});
