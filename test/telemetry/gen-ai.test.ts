import { expect, test } from "vitest";
import { operationOf } from "../../src/telemetry/gen-ai.ts";

test("every method that asks a model is an operation of the conventions", () => {
  expect(operationOf("llmhub.v1.CompletionService/StreamComplete")).toBe("chat");
  expect(operationOf("POST /v1/chat/completions")).toBe("chat");
  expect(operationOf("llmhub.v1.EmbeddingService/Embed")).toBe("embeddings");
  expect(operationOf("POST /v1/embeddings")).toBe("embeddings");
  expect(operationOf("llmhub.v1.RerankService/Rerank")).toBe("rerank");
});
