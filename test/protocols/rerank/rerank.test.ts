import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { RerankRequestSchema } from "../../../gen/llmhub/v1/rerank_service_pb.ts";
import { unknownFacts } from "../../../src/catalog/facts.ts";
import type { Piece } from "../../../src/model/reply.ts";
import type { Scores } from "../../../src/model/scores.ts";
import { rerank } from "../../../src/protocols/rerank/protocol.ts";
import { attemptAt } from "../../support/attempt.ts";

const documents = ["a", "b", "c"];
const attempt = (init: MessageInitShape<typeof RerankRequestSchema> = {}) =>
  attemptAt(
    { kind: "acme", model: "bge-reranker-v2-m3", facts: unknownFacts },
    create(RerankRequestSchema, { query: "q", documents, ...init }),
  );

function read(body: unknown): Piece<Scores>[] {
  const reader = rerank.read(attempt());
  const out: Piece<Scores>[] = [];
  reader.push(Buffer.from(JSON.stringify(body)), out);
  reader.end(out);
  return out;
}

describe("a request", () => {
  test("says what is asked and does not want the texts back", () => {
    const { path, body, warnings } = rerank.render(attempt({ topN: 2, returnDocuments: true }));
    expect({ path, body, warnings }).toEqual({
      path: "/rerank",
      body: { model: "bge-reranker-v2-m3", query: "q", documents, top_n: 2, return_documents: false },
      warnings: [],
    });
  });

  test("takes options of the server or of the dialect, but none that change what is asked", () => {
    const options = (own: object) => rerank.render(attempt({ providerOptions: { openai: { truncate: 8 }, ...own } }));
    expect(options({ acme: { truncate: 9 } }).body).toMatchObject({ truncate: 9 });
    expect(() => options({ acme: { query: "other" } })).toThrow("provider_options.query");
    expect(() => options({ acme: { documents: [] } })).toThrow("provider_options.documents");
  });
});

describe("an answer", () => {
  const results = [
    { index: 0, relevance_score: 0.1 },
    { index: 2, relevance_score: 0.9 },
  ];

  test.each(["results", "data"])("has its scores under %s, best first", (list) => {
    const [value, finished] = read({ [list]: results, model: "m", usage: { total_tokens: 7 } });
    const value_ = [
      { index: 2, score: 0.9 },
      { index: 0, score: 0.1 },
    ];
    expect(value).toEqual({ case: "value", value: value_ });
    expect(finished).toMatchObject({ value: { usage: { inputTokens: 7 } } });
  });

  test("about a document that was not sent cannot be read, nor can one without scores", () => {
    const bad = expect.objectContaining({ reason: "PROVIDER_BAD_RESPONSE", info: { cause: "bad_scores" } });
    expect(() => read({ results: [{ index: 3, relevance_score: 1 }] })).toThrow(bad);
    expect(() => read({})).toThrow(bad);
  });
});
