import type { JsonObject } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { EmbedRequestSchema } from "../../../gen/llmhub/v1/embedding_pb.ts";
import { ollamaEmbeddings } from "../../../src/protocols/ollama/embed.ts";
import { attemptFromJson, errorOf, piecesOf } from "../../support/dialect.ts";

const attempt = (json: JsonObject = {}) =>
  attemptFromJson(EmbedRequestSchema, { inputs: ["a", "b"], ...json }, { provider: "ollama", model: "nomic" });
const read = (body: object) => piecesOf(ollamaEmbeddings.read(attempt()), [Buffer.from(JSON.stringify(body))]);

test("asks with all that it can say", () => {
  const json = {
    dimensions: 2,
    truncate: true,
    purpose: "EMBEDDING_PURPOSE_QUERY",
    providerOptions: { ollama: { keep_alive: 0 } },
  };
  const { path, body, warnings } = ollamaEmbeddings.render(attempt(json));
  expect({ path, body }).toEqual({
    path: "/api/embed",
    body: { model: "nomic", input: ["a", "b"], truncate: true, dimensions: 2, keep_alive: 0 },
  });
  expect(warnings.map(({ field }) => field)).toEqual(["purpose"]);
  expect(ollamaEmbeddings.render(attempt()).body).toMatchObject({ truncate: false });
});

test("reads vectors and their count", () => {
  const reader = ollamaEmbeddings.read(attempt());
  const body = {
    model: "nomic:latest",
    embeddings: [
      [1, 2],
      [3, 4],
    ],
    prompt_eval_count: 6,
  };
  const [value, finished] = piecesOf(reader, [Buffer.from(JSON.stringify(body))]);
  expect(value).toEqual({ case: "value", value: [Float32Array.of(1, 2), Float32Array.of(3, 4)] });
  expect(finished).toMatchObject({ case: "finished", value: { usage: { inputTokens: 6 } } });
  expect(reader.model).toBe("nomic:latest");
});

test.each([
  [{ embeddings: [[1]] }, "PROVIDER_BAD_RESPONSE"],
  [{ embeddings: "x" }, "PROVIDER_BAD_RESPONSE"],
  [{ error: "the input length exceeds the context length" }, "CONTEXT_LENGTH_EXCEEDED"],
])("refuses %j", (body, reason) => {
  expect(errorOf(() => read(body)).reason).toBe(reason);
});
