import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { EmbedRequestSchema } from "../../../gen/llmhub/v1/embedding_pb.ts";
import { RerankRequestSchema } from "../../../gen/llmhub/v1/rerank_service_pb.ts";
import { cohereEmbeddings } from "../../../src/protocols/cohere/embed.ts";
import { cohereRerank } from "../../../src/protocols/cohere/rerank.ts";
import { attemptFromJson, errorOf, piecesOf } from "../../support/dialect.ts";

describe("embeddings", () => {
  const embedding = (json: JsonObject = {}, model = "embed-v4.0") =>
    attemptFromJson(EmbedRequestSchema, { inputs: ["a", "b"], ...json }, { provider: "cohere", model });
  const read = (body: object) => piecesOf(cohereEmbeddings.read(embedding()), [Buffer.from(JSON.stringify(body))]);
  const meta = { billed_units: { input_tokens: 6 } };

  test("ask with all that can be said", () => {
    const { path, body, warnings } = cohereEmbeddings.render(
      embedding({
        dimensions: 256,
        truncate: true,
        purpose: "EMBEDDING_PURPOSE_QUERY",
        providerOptions: { cohere: { priority: 1 } },
      }),
    );
    expect({ path, body, warnings }).toEqual({
      path: "/v2/embed",
      body: {
        model: "embed-v4.0",
        texts: ["a", "b"],
        input_type: "search_query",
        embedding_types: ["float"],
        output_dimension: 256,
        truncate: "END",
        priority: 1,
      },
      warnings: [],
    });
    expect(cohereEmbeddings.render(embedding()).body).toMatchObject({
      input_type: "search_document",
      truncate: "NONE",
    });
    expect(cohereEmbeddings.textsMax("embed-v4.0")).toBe(96);
  });

  test("tell what they lose", () => {
    const rendered = cohereEmbeddings.render(
      embedding({ dimensions: 256, purpose: "EMBEDDING_PURPOSE_SIMILARITY" }, "embed-english-v3.0"),
    );
    expect(rendered.warnings.map(({ code, field }) => `${code} ${field}`)).toEqual([
      "SETTING_CHANGED purpose",
      "SETTING_IGNORED dimensions",
    ]);
    expect(rendered.body).not.toHaveProperty("output_dimension");
  });

  test.each([
    [
      "by encoding",
      {
        float: [
          [1, 2],
          [3, 4],
        ],
      },
    ],
    ["in base64", { base64: ["AACAPwAAAEA=", "AABAQAAAgEA="] }],
    [
      "as integers",
      {
        int8: [
          [1, 2],
          [3, 4],
        ],
      },
    ],
    [
      "in a plain list",
      [
        [1, 2],
        [3, 4],
      ],
    ],
  ])("are read %s", (_name, embeddings) => {
    const [value, finished] = read({ embeddings, meta });
    expect(value).toEqual({ case: "value", value: [Float32Array.of(1, 2), Float32Array.of(3, 4)] });
    expect(finished).toMatchObject({ case: "finished", value: { usage: { inputTokens: 6 } } });
  });

  test.each([
    [{ embeddings: { float: [[1]] } }, "PROVIDER_BAD_RESPONSE"],
    [{ embeddings: {} }, "PROVIDER_BAD_RESPONSE"],
    [{ message: "too many tokens: x" }, "CONTEXT_LENGTH_EXCEEDED"],
  ])("are refused where %j comes", (body, reason) => {
    expect(errorOf(() => read(body)).reason).toBe(reason);
  });
});

describe("reranking", () => {
  const attempt = (json: JsonObject = {}) =>
    attemptFromJson(
      RerankRequestSchema,
      { query: "q", documents: ["a", "b", "c"], ...json },
      { provider: "cohere", model: "rerank-v3.5" },
    );
  const read = (body: object) => piecesOf(cohereRerank.read(attempt()), [Buffer.from(JSON.stringify(body))]);

  test("asks with all that can be said", () => {
    const json = { topN: 2, providerOptions: { cohere: { max_tokens_per_doc: 9 } } };
    expect(cohereRerank.render(attempt(json))).toEqual({
      path: "/v2/rerank",
      body: { model: "rerank-v3.5", query: "q", documents: ["a", "b", "c"], top_n: 2, max_tokens_per_doc: 9 },
      warnings: [],
    });
  });

  test("reads scores and what is billed", () => {
    const results = [{ index: 2, relevance_score: 0.9 }];
    const [value, finished] = read({ results, meta: { billed_units: { search_units: 1 } } });
    expect(value).toEqual({ case: "value", value: [{ index: 2, score: 0.9 }] });
    expect(finished).toMatchObject({ value: { usage: { searchUnits: 1, inputTokens: 0 } } });
  });

  test.each([
    [{ results: [{ index: 3, relevance_score: 1 }] }, "PROVIDER_BAD_RESPONSE"],
    [{}, "PROVIDER_BAD_RESPONSE"],
    [{ message: "internal server error" }, "PROVIDER_UNAVAILABLE"],
  ])("refuses %j", (body, reason) => {
    expect(errorOf(() => read(body)).reason).toBe(reason);
  });
});
