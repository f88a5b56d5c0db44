import { createClient } from "@connectrpc/connect";
import { afterEach, describe, expect, test } from "vitest";
import { CompletionService } from "../../../gen/llmhub/v1/completion_service_pb.ts";
import { EmbeddingService } from "../../../gen/llmhub/v1/embedding_service_pb.ts";
import { RerankService } from "../../../gen/llmhub/v1/rerank_service_pb.ts";
import { UsageSource } from "../../../gen/llmhub/v1/usage_pb.ts";
import { bedrock } from "../../../src/providers/bedrock/bedrock.ts";
import { startSimulator } from "../../../src/simulator/server.ts";
import { errorOf } from "../../conformance/replay.ts";
import { TestGateway, textOf } from "../../support/gateway.ts";

const secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const region = "eu-west-1";
const keys = { region, accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: secret };
const model = "eu.anthropic.claude-3-7-sonnet-20250219-v1:0";
const arn = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc123def456";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
});

/** A gateway whose provider is a simulated Bedrock that wants to be proved who asks. */
async function gatewayTo(
  provider: { settings?: Record<string, string>; apiKey?: string },
  now = Date.now,
): Promise<TestGateway> {
  const simulator = await startSimulator({ firstTokenMs: 0, tokenMs: 0, secret, now });
  const gateway = await TestGateway.start({
    providers: { bedrock: { baseUrl: simulator.url, settings: keys, ...provider } },
  });
  open.push(gateway, { [Symbol.asyncDispose]: () => simulator.close() });
  return gateway;
}

test("a profile answers from its geography, one of the operator's own from nobody knows where", () => {
  const of = (model: string, given?: string) => bedrock.region?.({ region }, model, given);
  expect(of("amazon.nova-lite-v1:0")).toBe("eu-west-1");
  expect(of("amazon.nova-lite-v1:0", "home")).toBe("home");
  expect(of(model)).toBe("eu");
  expect(of("global.anthropic.claude-sonnet-4-5-20250929-v1:0", "eu")).toBe("global");
  expect(of(`arn:aws:bedrock:eu-west-1:1:inference-profile/${model}`)).toBe("eu");
  expect(of("arn:aws:bedrock:eu-west-1:1:provisioned-model/abc")).toBe("eu-west-1");
  expect(of(arn, "eu")).toBeUndefined();
});

describe("proves who asks", () => {
  test("by a signature, that holds for ARNs and streams too", async () => {
    const gateway = await gatewayTo({});
    for (const name of [model, arn, "amazon.nova-lite-v1:0"]) {
      const request = { model: `bedrock/${name}`, input: "Count to 3" };
      const answer = await gateway.complete(request);
      expect(answer.message?.content).toMatchObject([{ part: { case: "text", value: "1, 2, 3." } }]);
      expect(answer.usage?.source).toBe(UsageSource.PROVIDER);
      const streamed = await gateway.stream(request);
      expect([streamed.error, textOf(streamed)]).toEqual([undefined, "1, 2, 3."]);
    }
  });

  test("by keys that expire, with their token", async () => {
    const sessionToken = "IQoJb3JpZ2luX2VjE-20991231T000000Z";
    const gateway = await gatewayTo({ settings: { ...keys, sessionToken } });
    expect((await gateway.complete({ model: `bedrock/${model}`, input: "hi" })).finishReason).toBe(1);
  });

  test("by a Bedrock API key", async () => {
    const gateway = await gatewayTo({ settings: { region }, apiKey: secret });
    expect((await gateway.complete({ model: `bedrock/${model}`, input: "hi" })).finishReason).toBe(1);
  });

  const hourMs = 3_600_000;
  test.each([
    ["another secret", { settings: { ...keys, secretAccessKey: "other" } }, "InvalidSignatureException", 0],
    ["an id that nobody has", { settings: { ...keys, accessKeyId: "nobody" } }, "UnrecognizedClientException", 0],
    [
      "a token that has expired",
      { settings: { ...keys, sessionToken: "t-20200101T000000Z" } },
      "ExpiredTokenException",
      0,
    ],
    ["a clock that is off", {}, "InvalidSignatureException", hourMs],
    ["another API key", { settings: { region }, apiKey: "other" }, "AccessDeniedException", 0],
  ])("%s is refused in AWS's words", async (_name, provider, upstreamCode, offMs) => {
    const gateway = await gatewayTo(provider, () => Date.now() + offMs);
    const error = await gateway.failure({ model: `bedrock/${model}`, input: "hi" });
    expect(errorOf(error)).toMatchObject({
      reason: "PROVIDER_CREDENTIAL_INVALID",
      code: "FailedPrecondition",
      metadata: { upstreamStatus: "403", upstreamCode },
    });
    expect(error.message).not.toContain(secret);
  });
});

describe("the api invoke", () => {
  test("speaks Anthropic's format, thinks, and counts", async () => {
    const gateway = await gatewayTo({ settings: { ...keys, api: "invoke" } });
    const request = { model: `bedrock/${model}`, input: "Count to 3", reasoning: { effort: "low" } };
    for (const answer of [await gateway.complete(request), await gateway.stream(request)]) {
      if ("events" in answer) expect([answer.error, textOf(answer)]).toEqual([undefined, "1, 2, 3."]);
      else expect(answer.message?.content.map(({ part }) => part.case)).toEqual(["reasoning", "text"]);
    }
    const { usage } = await gateway.client.countTokens({ request });
    expect(usage?.source).toBe(UsageSource.PROVIDER);
  });

  test("is one of two", async () => {
    await expect(gatewayTo({ settings: { ...keys, api: "soap" } })).rejects.toThrow(/settings\.api/);
  });
});

test("tokens are counted by Bedrock for Anthropic's models, and estimated for others", async () => {
  const gateway = await gatewayTo({});
  const client = createClient(CompletionService, gateway.transport);
  const sourceOf = async (name: string) =>
    (await client.countTokens({ request: { model: `bedrock/${name}`, input: "hi" } })).usage?.source;
  expect(await sourceOf(model)).toBe(UsageSource.PROVIDER);
  expect(await sourceOf("amazon.nova-lite-v1:0")).toBe(UsageSource.ESTIMATED);
  expect(await sourceOf("us.anthropic.claude-3-haiku-20240307-v1:0")).toBe(UsageSource.ESTIMATED);
  expect(await sourceOf(arn)).toBe(UsageSource.ESTIMATED);
});

test.each([
  ["us-gov-west-1", "https://bedrock-runtime.us-gov-west-1.amazonaws.com"],
  ["evil.example/", undefined],
  [undefined, undefined],
])("region %s is at %s", (given, url) => {
  expect(typeof bedrock.baseUrl === "function" && bedrock.baseUrl({ region: given })).toBe(url);
});

test("texts are embedded one by one or many at once, documents ranked", async () => {
  const gateway = await gatewayTo({});
  const embeddings = createClient(EmbeddingService, gateway.transport);
  const inputs = ["a", "b", "c"];
  const vectorsOf = async (name: string) => {
    const { vectors, dimensions } = await embeddings.embed({ model: `bedrock/${name}`, inputs, dimensions: 16 });
    return [vectors.length, dimensions];
  };
  expect(await vectorsOf("amazon.titan-embed-text-v2:0")).toEqual([3, 16]);
  expect(await vectorsOf("cohere.embed-v4:0")).toEqual([3, 16]);
  const ranking = createClient(RerankService, gateway.transport);
  const documents = ["grey stones", "the red fox"];
  const { results } = await ranking.rerank({ model: "bedrock/cohere.rerank-v3-5:0", query: "red fox", documents });
  expect(results.map(({ index }) => index)).toEqual([1, 0]);
});

test("a model has the operations that it is made for", async () => {
  const gateway = await gatewayTo({});
  const failure = await gateway.failure({ model: "bedrock/cohere.rerank-v9:0", input: "hi" });
  expect(errorOf(failure)).toMatchObject({ reason: "FEATURE_DISABLED", code: "Unimplemented" });
});

test.each([
  ["429", "PROVIDER_RATE_LIMITED", "ThrottlingException"],
  ["503", "PROVIDER_OVERLOADED", "ServiceUnavailableException"],
  ["404", "MODEL_NOT_FOUND", "ResourceNotFoundException"],
  ["context-length", "CONTEXT_LENGTH_EXCEEDED", "ValidationException"],
  ["quota", "PROVIDER_QUOTA_EXHAUSTED", "ThrottlingException"],
  ["error-first", "PROVIDER_UNAVAILABLE", "InternalServerException"],
])("the scenario word %s", async (word, reason, upstreamCode) => {
  const gateway = await gatewayTo({});
  const { error } = await gateway.stream({ model: `bedrock/amazon.nova-lite-v1:0:${word}`, input: "hi" });
  expect(errorOf(error)).toMatchObject({ reason, metadata: { upstreamCode } });
});

test.each(["error-mid", "truncate", "garbage", "reset-mid"])("a stream that ends by %s is no success", async (word) => {
  const gateway = await gatewayTo({});
  const { error } = await gateway.stream({ model: `bedrock/amazon.nova-lite-v1:0:${word}`, input: "Write 20 words" });
  expect(errorOf(error).reason).toMatch(/STREAM_INTERRUPTED|PROVIDER_UNAVAILABLE|PROVIDER_BAD_RESPONSE/);
});
