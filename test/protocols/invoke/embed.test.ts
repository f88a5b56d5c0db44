import { fromJson, type JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { EmbedRequestSchema } from "../../../gen/llmhub/v1/embedding_pb.ts";
import { RerankRequestSchema } from "../../../gen/llmhub/v1/rerank_service_pb.ts";
import { unknownFacts } from "../../../src/catalog/facts.ts";
import type { EmbedDialect, Reader } from "../../../src/model/protocol.ts";
import type { Piece } from "../../../src/model/reply.ts";
import { cohereEmbed } from "../../../src/protocols/invoke/cohere-embed.ts";
import { invokedRerank } from "../../../src/protocols/invoke/rerank.ts";
import { titanEmbed } from "../../../src/protocols/invoke/titan-embed.ts";
import { attemptAt } from "../../support/attempt.ts";
import { refusalOf } from "../converse/attempt.ts";

const at = (model: string) => ({ kind: "bedrock", model, facts: unknownFacts });
const embedding = (model: string, json: JsonObject) => attemptAt(at(model), fromJson(EmbedRequestSchema, json));

function sent(dialect: EmbedDialect, model: string, json: JsonObject) {
  const { path, body, warnings } = dialect.render(embedding(model, json));
  return { path, body, warnings: warnings.map(({ field }) => field) };
}

function piecesOf<Value>(reader: Reader<Value>, body: string): Piece<Value>[] {
  const out: Piece<Value>[] = [];
  reader.push(Buffer.from(body), out);
  reader.end(out);
  return out;
}

describe("Titan", () => {
  const v2 = "amazon.titan-embed-text-v2:0";

  test("takes one text, and a length where the model has lengths", () => {
    expect(titanEmbed.textsMax(v2)).toBe(1);
    expect(sent(titanEmbed, v2, { inputs: ["a"], dimensions: 256 })).toEqual({
      path: "/model/amazon.titan-embed-text-v2%3A0/invoke",
      body: { inputText: "a", dimensions: 256 },
      warnings: [],
    });
    expect(sent(titanEmbed, "amazon.titan-embed-image-v1", { inputs: ["a"], dimensions: 256 }).body).toEqual({
      inputText: "a",
      embeddingConfig: { outputEmbeddingLength: 256 },
    });
    const wishes = { inputs: ["a"], dimensions: 256, purpose: "EMBEDDING_PURPOSE_QUERY", truncate: true };
    expect(sent(titanEmbed, "amazon.titan-embed-text-v1", wishes).warnings).toEqual([
      "purpose",
      "truncate",
      "dimensions",
    ]);
  });

  test("counts its tokens", () => {
    const read = (body: string) => piecesOf(titanEmbed.read(embedding(v2, { inputs: ["a"] })), body);
    const [value, finished] = read('{"embedding":[0.5,-1],"inputTextTokenCount":3}');
    expect(value).toEqual({ case: "value", value: [Float32Array.of(0.5, -1)] });
    expect(finished).toMatchObject({ case: "finished", value: { usage: { inputTokens: 3, source: 1 } } });
    expect(refusalOf(() => read("{}"))).toBe("PROVIDER_BAD_RESPONSE bad_vector");
    expect(refusalOf(() => read("x"))).toBe("PROVIDER_BAD_RESPONSE bad_json");
  });
});

describe("Cohere", () => {
  const v3 = "cohere.embed-english-v3";
  const v4 = "us.cohere.embed-v4:0";

  test("is told the purpose, and whether texts may be cut, in the words of its version", () => {
    const json = { inputs: ["a", "b"], purpose: "EMBEDDING_PURPOSE_QUERY", truncate: true, dimensions: 512 };
    const body = { texts: ["a", "b"], input_type: "search_query", embedding_types: ["float"] };
    expect(sent(cohereEmbed, v3, json)).toMatchObject({ body: { ...body, truncate: "END" }, warnings: ["dimensions"] });
    expect(sent(cohereEmbed, v4, json)).toEqual({
      path: "/model/us.cohere.embed-v4%3A0/invoke",
      body: { ...body, truncate: "RIGHT", output_dimension: 512 },
      warnings: [],
    });
    const similar = { inputs: ["a"], purpose: "EMBEDDING_PURPOSE_SIMILARITY" };
    expect(sent(cohereEmbed, v3, similar)).toMatchObject({
      body: { input_type: "clustering", truncate: "NONE" },
      warnings: ["purpose"],
    });
  });

  test("answers by type or without", () => {
    const read = (body: object) =>
      piecesOf(cohereEmbed.read(embedding(v3, { inputs: ["a", "b"] })), JSON.stringify(body));
    const vectors = [Float32Array.of(1, 0), Float32Array.of(0, 1)];
    const list = vectors.map((vector) => [...vector]);
    for (const embeddings of [list, { float: list }]) {
      const [value, finished] = read({ embeddings });
      expect(value).toEqual({ case: "value", value: vectors });
      expect(finished?.case === "finished" && finished.value.usage).toBeUndefined();
    }
    expect(refusalOf(() => read({ embeddings: { int8: list } }))).toBe("PROVIDER_BAD_RESPONSE missing_vectors");
    expect(refusalOf(() => read({ embeddings: [[1, 0]] }))).toBe("PROVIDER_BAD_RESPONSE vector_count");
  });
});

test("reranking: Cohere's model is told the version of its API", () => {
  const attempt = (model: string) =>
    attemptAt(at(model), fromJson(RerankRequestSchema, { query: "q", documents: ["a", "b"], topN: 1 }));
  const body = { query: "q", documents: ["a", "b"], top_n: 1 };
  expect(invokedRerank.render(attempt("cohere.rerank-v3-5:0")).body).toEqual({ ...body, api_version: 2 });
  expect(invokedRerank.render(attempt("amazon.rerank-v1:0")).body).toEqual(body);
  const read = (answer: string) => piecesOf(invokedRerank.read(attempt("cohere.rerank-v3-5:0")), answer);
  expect(read('{"results":[{"index":1,"relevance_score":0.5}]}')[0]).toEqual({
    case: "value",
    value: [{ index: 1, score: 0.5 }],
  });
  expect(refusalOf(() => read('{"results":[{"index":2,"relevance_score":0.5}]}'))).toBe(
    "PROVIDER_BAD_RESPONSE bad_scores",
  );
  expect(refusalOf(() => read("[]"))).toBe("PROVIDER_BAD_RESPONSE bad_json");
});

test("a search is up to 100 chunks of 512 tokens, the query's among them", () => {
  const unitsOf = (documents: string[]) => {
    const request = fromJson(RerankRequestSchema, { query: "q".repeat(48), documents });
    const pieces = piecesOf(invokedRerank.read(attemptAt(at("amazon.rerank-v1:0"), request)), '{"results":[]}');
    const [, end] = pieces;
    return end?.case === "finished" ? end.value.usage?.searchUnits : undefined;
  };
  expect(unitsOf(Array<string>(100).fill("a"))).toBe(1);
  expect(unitsOf(Array<string>(101).fill("a"))).toBe(2);
  expect(unitsOf(Array<string>(100).fill("a".repeat(2000)))).toBe(1);
  expect(unitsOf(Array<string>(100).fill("a".repeat(2001)))).toBe(2);
});
