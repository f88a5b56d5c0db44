import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { CompletionFailureSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { EmbedRequestSchema, VectorEncoding } from "../../gen/llmhub/v1/embedding_pb.ts";
import { EmbeddingService } from "../../gen/llmhub/v1/embedding_service_pb.ts";
import { RerankService } from "../../gen/llmhub/v1/rerank_service_pb.ts";
import { UsageSource } from "../../gen/llmhub/v1/usage_pb.ts";
import { TestGateway } from "../support/gateway.ts";
import { ScriptedUpstream, type UpstreamConnection } from "../support/scripted-upstream.ts";

/** A server that makes of "text 7" the vector [7, 1], and fails for texts from `failFrom` on. */
async function serve(connection: UpstreamConnection, failFrom: number): Promise<void> {
  for (;;) {
    const { body } = await connection.request();
    const { input, model } = JSON.parse(body);
    const numbers = input.map((text: string) => Number(text.split(" ")[1]));
    if (numbers.some((number: number) => number >= failFrom)) {
      await connection.respond(500, '{"error":"out of memory"}');
      continue;
    }
    const embeddings = numbers.map((number: number) => [number, 1]);
    await connection.respond(200, JSON.stringify({ model, embeddings, prompt_eval_count: numbers.length * 2 }));
  }
}

async function start(failFrom = Number.POSITIVE_INFINITY) {
  const upstream = await ScriptedUpstream.start((connection) => serve(connection, failFrom));
  const prices = { input: 5 };
  const gateway = await TestGateway.start({
    providers: {
      ollama: { baseUrl: upstream.url, models: { nomic: { prices }, vectors: { type: "embedding" } } },
      anthropic: { baseUrl: upstream.url, apiKey: "sk" },
    },
  });
  const client = createClient(EmbeddingService, gateway.transport);
  const embed = (init: MessageInitShape<typeof EmbedRequestSchema>) => client.embed(create(EmbedRequestSchema, init));
  return {
    upstream,
    gateway,
    embed,
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

const texts = (count: number) => Array.from({ length: count }, (_, i) => `text ${i}`);
const failureOf = (call: Promise<unknown>) => call.then(() => expect.unreachable("it was answered"), ConnectError.from);

test("more texts than one request takes are split, and their vectors come in order as one answer", async () => {
  await using hub = await start();
  const answer = await hub.embed({ model: "ollama/nomic", inputs: texts(1100) });
  expect(hub.upstream.requests.map(({ body }) => JSON.parse(body).input.length).sort()).toEqual([512, 512, 76]);
  expect(answer.vectors.map(({ values }) => values)).toEqual(texts(1100).map((_, i) => [i, 1]));
  expect(answer.dimensions).toBe(2);
  expect(answer.usage).toMatchObject({ inputTokens: 2200, outputTokens: 0, source: UsageSource.PROVIDER });
  expect(answer.cost?.total).toMatchObject({ currencyCode: "USD", amountNanos: 2200n * 5000n });
  expect(answer.routing).toMatchObject({ provider: "ollama", model: "ollama/nomic", attemptCount: 1 });
  expect(await hub.gateway.metric("calls_total")).toBe(1);
});

test("packed vectors are the same numbers as 32-bit floats, little endian", async () => {
  await using hub = await start();
  const { vectors } = await hub.embed({ model: "ollama/nomic", inputs: ["text 3"], encoding: VectorEncoding.PACKED });
  const bytes = Buffer.from(vectors[0]?.packed ?? []);
  expect([bytes.readFloatLE(0), bytes.readFloatLE(4), bytes.length, vectors[0]?.values]).toEqual([3, 1, 8, []]);
});

test("a batch that fails ends the call, which tells what the others used", async () => {
  await using hub = await start(600);
  const error = await failureOf(hub.embed({ model: "ollama/nomic", inputs: texts(700) }));
  expect([Code[error.code], error.findDetails(ErrorInfoSchema)[0]?.reason]).toEqual([
    "Unavailable",
    "PROVIDER_UNAVAILABLE",
  ]);
  expect(error.findDetails(CompletionFailureSchema)[0]).toMatchObject({
    usage: { inputTokens: 1024 },
    cost: { total: { amountNanos: 1024n * 5000n } },
  });
});

test("what a provider has not is UNIMPLEMENTED and says so; what is no request is refused before", async () => {
  await using hub = await start();
  const rerank = createClient(RerankService, hub.gateway.transport);
  const refusals = [
    await failureOf(hub.embed({ model: "anthropic/claude-haiku-4-5", inputs: ["x"] })),
    await failureOf(rerank.rerank({ model: "ollama/nomic", query: "q", documents: ["d"] })),
    await failureOf(hub.embed({ model: "ollama/nomic", inputs: [] })),
    await failureOf(hub.embed({ model: "nowhere/x", inputs: ["x"] })),
  ];
  expect(refusals.map((error) => [Code[error.code], error.findDetails(ErrorInfoSchema)[0]?.reason])).toEqual([
    ["Unimplemented", "FEATURE_DISABLED"],
    ["Unimplemented", "FEATURE_DISABLED"],
    ["InvalidArgument", "INVALID_REQUEST"],
    ["NotFound", "MODEL_NOT_FOUND"],
  ]);
  expect(hub.upstream.requests).toEqual([]);
});

test("a model that is made for other calls is not asked", async () => {
  await using hub = await start();
  const refusal = await hub.gateway.failure({ model: "ollama/vectors", input: "hi" });
  expect([Code[refusal.code], refusal.findDetails(ErrorInfoSchema)[0]]).toMatchObject([
    "InvalidArgument",
    { reason: "CAPABILITY_UNSUPPORTED", metadata: { capability: "completion", model: "ollama/vectors" } },
  ]);
  expect((await hub.embed({ model: "ollama/vectors", inputs: ["text 1"] })).dimensions).toBe(2);
  expect(hub.upstream.requests).toHaveLength(1);
});
