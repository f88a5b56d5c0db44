import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { JsonObject } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { EmbedRequestSchema } from "../../../gen/llmhub/v1/embedding_pb.ts";
import { EmbeddingService } from "../../../gen/llmhub/v1/embedding_service_pb.ts";
import { RerankRequestSchema } from "../../../gen/llmhub/v1/rerank_service_pb.ts";
import { voyageEmbeddings } from "../../../src/providers/voyage/embed.ts";
import { faultOfVoyage } from "../../../src/providers/voyage/fault.ts";
import { voyageRerank } from "../../../src/providers/voyage/rerank.ts";
import { attemptFromJson, failureOf } from "../../support/dialect.ts";
import { TestGateway } from "../../support/gateway.ts";

const aim = { provider: "voyage", model: "voyage-3.5" };

describe("embeddings", () => {
  const render = (json: JsonObject) =>
    voyageEmbeddings.render(attemptFromJson(EmbedRequestSchema, { inputs: ["a", "b"], ...json }, aim));

  test("ask with the fields of the API", () => {
    const json = {
      dimensions: 256,
      truncate: true,
      purpose: "EMBEDDING_PURPOSE_QUERY",
      providerOptions: { voyage: { output_dtype: "float" } },
    };
    expect(render(json)).toEqual({
      path: "/embeddings",
      body: {
        model: "voyage-3.5",
        input: ["a", "b"],
        encoding_format: "base64",
        input_type: "query",
        truncation: true,
        output_dimension: 256,
        output_dtype: "float",
      },
      warnings: [],
    });
    expect(render({}).body).not.toHaveProperty("input_type");
    expect(render({}).body).toMatchObject({ truncation: false });
  });

  test("tell what they lose", () => {
    expect(render({ purpose: "EMBEDDING_PURPOSE_CLUSTERING" }).warnings).toMatchObject([
      { code: "SETTING_IGNORED", field: "purpose" },
    ]);
  });

  test("of many long texts are asked for within the limit of one request, and come in order", async () => {
    const sizes: number[] = [];
    const server = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const { input } = JSON.parse(Buffer.concat(parts).toString());
      sizes.push(input.length);
      const data = input.map((text: string, index: number) => ({ index, embedding: [Number(text.trim()), 1] }));
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ data, model: "voyage-3.5", usage: { total_tokens: input.length } }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await using gateway = await TestGateway.start({ providers: { voyage: { baseUrl, apiKey: "k" } } });
    const client = createClient(EmbeddingService, gateway.transport);
    // 20,000 tokens each by our count, of which 160,000 may be asked for at once.
    const inputs = Array.from({ length: 20 }, (_, at) => String(at).padEnd(80_000));
    const { vectors, usage } = await client.embed({ model: "voyage/voyage-3.5", inputs });
    expect(vectors.map(({ values }) => values[0])).toEqual(inputs.map((_, at) => at));
    expect(usage?.inputTokens).toBe(20);
    expect(sizes.sort()).toEqual([4, 8, 8]);
    server.close();
  });
});

test("reranking asks for top_k", () => {
  const json = { query: "q", documents: ["a", "b"], topN: 1, providerOptions: { voyage: { truncation: false } } };
  expect(voyageRerank.render(attemptFromJson(RerankRequestSchema, json, aim))).toEqual({
    path: "/rerank",
    body: {
      model: "voyage-3.5",
      query: "q",
      documents: ["a", "b"],
      top_k: 1,
      return_documents: false,
      truncation: false,
    },
    warnings: [],
  });
  const all = voyageRerank.render(attemptFromJson(RerankRequestSchema, { query: "q", documents: ["a"] }, aim)).body;
  expect(all).not.toHaveProperty("top_k");
});

// Wordings that users of the API report.
test.each([
  [
    400,
    "Request to model 'voyage-code-3' failed. The max allowed tokens per submitted batch is 120000. Your batch has 124417 tokens after truncation. Please lower the number of tokens in the batch.",
    "CONTEXT_LENGTH_EXCEEDED",
  ],
  [400, "Model nothing is not supported. Supported models are ['voyage-3'].", "PROVIDER_MODEL_NOT_FOUND"],
  [401, "Provided API key is invalid.", "PROVIDER_CREDENTIAL_INVALID"],
  [
    429,
    "You have not yet added your payment method in the billing page and will have reduced rate limits of 3 RPM and 10K TPM.",
    "PROVIDER_RATE_LIMITED",
  ],
  [400, "Input cannot contain empty strings or empty lists", "PROVIDER_INVALID_REQUEST"],
  [500, "An unexpected error has occurred", "PROVIDER_UNAVAILABLE"],
])("%i %s", (status, detail, reason) => {
  const found = faultOfVoyage(failureOf(status, { detail }));
  expect(found.reason).toBe(reason);
  expect(JSON.stringify([found.message, found.info])).not.toContain(detail);
});

test("the limit of a request is told", () => {
  const detail = "The max allowed tokens per submitted batch is 120000. Your batch has 124417 tokens after truncation.";
  expect(faultOfVoyage(failureOf(400, { detail })).info).toMatchObject({
    limitTokens: "120000",
    inputTokens: "124417",
  });
});
