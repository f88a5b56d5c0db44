import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { EmbedRequestSchema } from "../../../gen/llmhub/v1/embedding_pb.ts";
import type { EmbedDialect } from "../../../src/model/protocol.ts";
import { geminiEmbed } from "../../../src/protocols/gemini/embed.ts";
import { vertexEmbed } from "../../../src/protocols/gemini/vertex-embed.ts";
import { attemptFromJson, errorOf, piecesOf } from "../../support/dialect.ts";

const attemptOf = (json: JsonObject, model: string) =>
  attemptFromJson(EmbedRequestSchema, json, { provider: "g", model });
const renderedBy = (dialect: EmbedDialect, json: JsonObject, model: string) => {
  const { path, body, warnings } = dialect.render(attemptOf(json, model));
  return { path, body, lost: warnings.map(({ code, field }) => `${code} ${field}`) };
};
const read = (dialect: EmbedDialect, json: JsonObject, model: string, answer: object) =>
  piecesOf(dialect.read(attemptOf(json, model)), [Buffer.from(JSON.stringify(answer))]).map(({ case: kind, value }) =>
    kind === "value" ? value.map((vector) => Array.from(vector)) : { kind, value },
  );
const two = { inputs: ["a", "b"] };

describe("the Gemini API", () => {
  test("takes a batch of requests", () => {
    const json = {
      ...two,
      purpose: "EMBEDDING_PURPOSE_DOCUMENT",
      dimensions: 3,
      providerOptions: { google: { title: "T" } },
    };
    const more = { taskType: "RETRIEVAL_DOCUMENT", outputDimensionality: 3, title: "T" };
    expect(renderedBy(geminiEmbed, json, "gemini-embedding-001")).toEqual({
      path: "/models/gemini-embedding-001:batchEmbedContents",
      body: {
        requests: [
          { model: "models/gemini-embedding-001", content: { parts: [{ text: "a" }] }, ...more },
          { model: "models/gemini-embedding-001", content: { parts: [{ text: "b" }] }, ...more },
        ],
      },
      lost: [],
    });
    expect(geminiEmbed.textsMax("gemini-embedding-001")).toBe(100);
  });

  test.each([
    ["QUERY", "RETRIEVAL_QUERY"],
    ["SIMILARITY", "SEMANTIC_SIMILARITY"],
    ["CLASSIFICATION", "CLASSIFICATION"],
    ["CLUSTERING", "CLUSTERING"],
  ])("is told the purpose %s", (purpose, taskType) => {
    const json = { inputs: ["a"], purpose: `EMBEDDING_PURPOSE_${purpose}` };
    expect(renderedBy(geminiEmbed, json, "gemini-embedding-001").body).toMatchObject({ requests: [{ taskType }] });
  });

  test("cannot be told everything", () => {
    const json = { inputs: ["a"], truncate: true, purpose: "EMBEDDING_PURPOSE_QUERY" };
    expect(renderedBy(geminiEmbed, json, "gemini-embedding-2").lost).toEqual([
      "SETTING_IGNORED truncate",
      "SETTING_IGNORED purpose",
    ]);
    for (const options of [{ model: "x" }, { content: {} }]) {
      const refused = { inputs: ["a"], providerOptions: { google: options } };
      expect(errorOf(() => renderedBy(geminiEmbed, refused, "m")).reason).toBe("INVALID_REQUEST");
    }
  });

  test("answers with one vector for each text", () => {
    const answer = { embeddings: [{ values: [1, 2] }, { values: [3, 4] }], usageMetadata: { promptTokenCount: 6 } };
    expect(read(geminiEmbed, two, "m", answer)).toMatchObject([
      [
        [1, 2],
        [3, 4],
      ],
      { kind: "finished", value: { usage: { inputTokens: 6 } } },
    ]);
  });

  test.each([
    [{ embeddings: [{ values: [1] }] }, "vector_count"],
    [{ embeddings: [{ values: [1] }, { values: [1, 2] }] }, "bad_vector"],
    [{ embeddings: [{ values: ["x"] }, {}] }, "bad_vector"],
    [{}, "missing_vectors"],
    [[], "missing_vectors"],
  ])("%j is no answer", (answer, cause) => {
    expect(errorOf(() => read(geminiEmbed, two, "m", answer)).info["cause"]).toBe(cause);
  });

  test("an error in place of an answer is that error", () => {
    const answer = { error: { code: 503, status: "UNAVAILABLE", message: "x" } };
    expect(errorOf(() => read(geminiEmbed, two, "m", answer)).reason).toBe("PROVIDER_OVERLOADED");
  });
});

describe("Vertex AI", () => {
  test("predicts several texts at once", () => {
    const json = { ...two, purpose: "EMBEDDING_PURPOSE_QUERY", dimensions: 3, truncate: true };
    const dialect = vertexEmbed("text-embedding-005");
    expect(renderedBy(dialect, json, "text-embedding-005")).toEqual({
      path: "/publishers/google/models/text-embedding-005:predict",
      body: {
        instances: [
          { content: "a", task_type: "RETRIEVAL_QUERY" },
          { content: "b", task_type: "RETRIEVAL_QUERY" },
        ],
        parameters: { autoTruncate: true, outputDimensionality: 3 },
      },
      lost: [],
    });
    expect([dialect.textsMax("text-embedding-005"), dialect.textsMax("gemini-embedding-001")]).toEqual([9, 1]);
    const prediction = (value: number) => ({ embeddings: { values: [value], statistics: { token_count: 2 } } });
    expect(read(dialect, two, "m", { predictions: [prediction(1), prediction(2)] })).toMatchObject([
      [[1], [2]],
      { kind: "finished", value: { usage: { inputTokens: 4 } } },
    ]);
  });

  test("embeds one text at a time with newer models", () => {
    const dialect = vertexEmbed("gemini-embedding-2");
    expect(renderedBy(dialect, { inputs: ["a"], dimensions: 3 }, "gemini-embedding-2")).toEqual({
      path: "/publishers/google/models/gemini-embedding-2:embedContent",
      body: {
        content: { parts: [{ text: "a" }] },
        embedContentConfig: { autoTruncate: false, outputDimensionality: 3 },
      },
      lost: [],
    });
    expect(dialect.textsMax("gemini-embedding-2")).toBe(1);
    expect(read(dialect, { inputs: ["a"] }, "m", { embedding: { values: [1, 2] } })).toMatchObject([
      [[1, 2]],
      { kind: "finished" },
    ]);
  });
});
