import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type CallOptions, ConnectError, createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { EmbedRequestSchema, VectorEncoding } from "../../gen/llmhub/v1/embedding_pb.ts";
import { EmbeddingService } from "../../gen/llmhub/v1/embedding_service_pb.ts";
import { RerankRequestSchema, RerankService } from "../../gen/llmhub/v1/rerank_service_pb.ts";
import { CacheStatus } from "../../gen/llmhub/v1/routing_pb.ts";
import { RedisServer, testWithRedis } from "../support/redis-server.ts";
import { by, keysFor, type Play, stage } from "./cache-stage.ts";
import { providerAt } from "./faults/dialects.ts";
import { faultOf } from "./faults/fault.ts";

const { HIT, MISS, BYPASS } = CacheStatus;

/** Each request is answered by other numbers than the one before. */
const tellNumbers: Play = async (connection, { path, body }, number) => {
  const { input = [], documents = [], model } = JSON.parse(body);
  const usage = { prompt_tokens: 5, total_tokens: 5 };
  if (path.endsWith("/rerank")) {
    const results = documents.map((_: string, index: number) => ({ index, relevance_score: 1 / (index + number) }));
    return connection.respond(200, JSON.stringify({ model, results, usage }));
  }
  const data = input.map((_: string, index: number) => ({ index, embedding: [number, index, 0.1] }));
  return connection.respond(200, JSON.stringify({ model, data, usage }));
};

/** A provider of vectors and scores behind a gateway that keeps them. */
async function staged(over: Parameters<Awaited<ReturnType<typeof stage>>["gateway"]>[0] = {}, play = tellNumbers) {
  const at = await stage(play);
  const providers = providerAt(at.upstream.url, "openai-compatible", {
    models: { vec: { type: "embedding", prices: { input: 1 } }, rank: { type: "rerank" } },
  });
  const opened = async () => {
    const gateway = await at.gateway({ providers, ...over });
    const embedding = createClient(EmbeddingService, gateway.transport);
    const reranking = createClient(RerankService, gateway.transport);
    return {
      gateway,
      embed: (init: MessageInitShape<typeof EmbedRequestSchema> = {}, options?: CallOptions) =>
        embedding.embed(create(EmbedRequestSchema, { model: "up/vec", inputs: ["a", "b"], ...init }), options),
      rerank: (init: MessageInitShape<typeof RerankRequestSchema> = {}, options?: CallOptions) =>
        reranking.rerank(
          create(RerankRequestSchema, { model: "up/rank", query: "q", documents: ["a", "b"], ...init }),
          options,
        ),
    };
  };
  return { at, opened, ...(await opened()), [Symbol.asyncDispose]: () => at[Symbol.asyncDispose]() };
}

test("vectors are kept once for every encoding, and a hit costs nothing and says how old it is", async () => {
  await using hub = await staged();
  const first = await hub.embed();
  let age: string | null = null;
  const again = await hub.embed({ labels: { team: "x" } }, { onHeader: (headers) => (age = headers.get("age")) });
  const packed = await hub.embed({ encoding: VectorEncoding.PACKED });
  const [one, two] = first.vectors.map(({ values }) => values);
  expect([one, two]).toEqual([
    [1, 0, Math.fround(0.1)],
    [1, 1, Math.fround(0.1)],
  ]);
  expect(again.vectors).toEqual(first.vectors);
  expect(packed.vectors.map(({ packed: bytes }) => Array.from(new Float32Array(bytes.slice().buffer)))).toEqual([
    one,
    two,
  ]);
  expect([first.dimensions, again.dimensions, packed.dimensions]).toEqual([3, 3, 3]);
  expect([first, again, packed].map(({ routing }) => routing?.cacheStatus)).toEqual([MISS, HIT, HIT]);
  expect(first.routing?.cacheAge).toBeUndefined();
  expect(again.routing).toMatchObject({ model: "up/vec", attemptCount: 0, cacheAge: { seconds: expect.anything() } });
  expect(age).toMatch(/^\d+$/);
  expect(again.usage?.inputTokens).toBe(0);
  expect([first.cost?.total?.amountNanos, again.cost?.total?.amountNanos]).toEqual([5000n, 0n]);
  expect(hub.at.upstream.requests).toHaveLength(1);
  expect(await hub.gateway.metric("cache_requests_total", { operation: "embed", result: "hit" })).toBe(2);
  expect(await hub.gateway.metric("cache_age_seconds_count")).toBe(2);
});

test("other texts, lengths and purposes are other vectors", async () => {
  await using hub = await staged();
  for (const other of [{}, { inputs: ["ab"] }, { inputs: ["b", "a"] }, { dimensions: 3 }, { truncate: true }]) {
    expect((await hub.embed(other)).routing?.cacheStatus).toBe(MISS);
  }
});

test("scores are kept whether the texts are wanted or not", async () => {
  await using hub = await staged();
  const first = await hub.rerank();
  const again = await hub.rerank({ returnDocuments: true });
  expect(again.results.map(({ index, score }) => [index, score])).toEqual(
    first.results.map(({ index, score }) => [index, score]),
  );
  expect(again.results.map(({ document }) => document)).toEqual(["a", "b"]);
  expect(again.routing?.cacheStatus).toBe(HIT);
  expect((await hub.rerank({ topN: 1 })).routing?.cacheStatus).toBe(MISS);
  expect((await hub.rerank({ query: "other" })).routing?.cacheStatus).toBe(MISS);
  expect(await hub.gateway.metric("cache_requests_total", { operation: "rerank", result: "hit" })).toBe(1);
});

test("cache-control holds for them, too", async () => {
  await using hub = await staged();
  const control = (value: string) => ({ headers: { "cache-control": value } });
  const missing = await hub
    .embed({}, control("only-if-cached"))
    .then(() => expect.unreachable("answered"), ConnectError.from);
  expect(faultOf(missing).reason).toBe("CACHE_MISS");
  const number = async (value: string) => {
    const { vectors, routing } = await hub.embed({}, control(value));
    return [vectors[0]?.values[0], routing?.cacheStatus];
  };
  expect(await number("no-store")).toEqual([1, BYPASS]);
  expect(await number("max-age=60")).toEqual([2, MISS]);
  expect(await number("no-cache")).toEqual([3, BYPASS]);
  expect(await number("only-if-cached")).toEqual([3, HIT]);
});

test("two hundred that want the same vectors are answered by one call, also when they are too large to be kept", async () => {
  const gate = Promise.withResolvers<void>();
  const held: Play = async (...at) => {
    await gate.promise;
    await tellNumbers(...at);
  };
  await using hub = await staged({ cache: { enabled: true, entryBytesMax: 1024 } }, held);
  const inputs = Array.from({ length: 100 }, (_, i) => `text ${i}`);
  const calls = Array.from({ length: 200 }, () => hub.embed({ inputs }));
  while ((await hub.gateway.metric("cache_waiting")) !== 199) await new Promise(setImmediate);
  gate.resolve();
  const firsts = (await Promise.all(calls)).map(({ vectors }) => vectors[99]?.values);
  expect(new Set(firsts.map(String))).toEqual(new Set([String([1, 99, Math.fround(0.1)])]));
  expect(hub.at.upstream.requests).toHaveLength(1);
  expect(await hub.gateway.metric("cache_entries")).toBe(0);
  expect((await hub.embed({ inputs })).routing?.cacheStatus).toBe(MISS);
});

test("keys do not notice each other's vectors, and a hit counts as a request", async () => {
  await using hub = await staged({ ...keysFor("a", "b"), limits: [{ scope: "key", requests: 2, per: "day" }] });
  expect((await hub.embed({}, by("a"))).routing?.cacheStatus).toBe(MISS);
  expect((await hub.embed({}, by("b"))).routing?.cacheStatus).toBe(MISS);
  let left: string | null = null;
  const onHeader = (headers: Headers) => (left = headers.get("x-ratelimit-remaining-requests"));
  expect((await hub.embed({}, { ...by("a"), onHeader })).routing?.cacheStatus).toBe(HIT);
  expect(left).toBe("0");
  const refused = await hub.embed({}, by("a")).then(() => expect.unreachable("answered"), ConnectError.from);
  expect(faultOf(refused).reason).toBe("RATE_LIMITED");
});

testWithRedis("replicas share vectors and scores", async () => {
  await using redis = await RedisServer.start();
  await using hub = await staged({
    redis: { url: redis.url, opTimeout: "2s" },
    cache: { enabled: true, driver: "redis" },
  });
  const other = await hub.opened();
  const [vectors, scores] = [await hub.embed(), await hub.rerank()];
  const [same, alike] = [await other.embed(), await other.rerank()];
  expect([same.vectors, alike.results]).toEqual([vectors.vectors, scores.results]);
  expect([same, alike].map(({ routing }) => routing?.cacheStatus)).toEqual([HIT, HIT]);
});
