import { expect } from "vitest";
import { CacheStatus } from "../../gen/llmhub/v1/routing_pb.ts";
import type { TestGateway } from "../support/gateway.ts";
import { RedisServer, testWithRedis } from "../support/redis-server.ts";
import { ask, cachingAt, stage } from "./cache-stage.ts";
import { providerAt } from "./faults/dialects.ts";

const { HIT, MISS } = CacheStatus;

const cache = { enabled: true, driver: "redis" };
const redisAt = ({ url }: RedisServer) => ({ redis: { url, opTimeout: "2s" }, cache });

async function said(gateway: TestGateway): Promise<unknown[]> {
  const { message, routing } = await gateway.complete(ask);
  return [message?.content[0]?.part.value, routing?.cacheStatus];
}

testWithRedis("replicas answer from what the others were told, also after a restart", async () => {
  await using redis = await RedisServer.start();
  await using at = await stage();
  const [one, two] = [await at.gateway(redisAt(redis)), await at.gateway(redisAt(redis))];
  expect(await said(one)).toEqual(["answer 1", MISS]);
  expect(await said(two)).toEqual(["answer 1", HIT]);
  await one.drain();
  const three = await at.gateway(redisAt(redis));
  expect(await said(three)).toEqual(["answer 1", HIT]);
  expect((await redis.client.keys("llmhub:cache:*")).sort()).toEqual([
    expect.stringMatching(/^llmhub:cache:answer:[\w-]{43}$/),
    "llmhub:cache:secret",
    "llmhub:cache:tally",
  ]);
});

testWithRedis("a replica that is loaded again as it was drops the answers of all", async () => {
  await using redis = await RedisServer.start();
  await using at = await stage();
  const [one, two] = [await at.gateway(redisAt(redis)), await at.gateway(redisAt(redis))];
  await said(one);
  await one.reload(cachingAt(at.upstream.url, redisAt(redis)));
  expect(await said(two)).toEqual(["answer 2", MISS]);
  expect(await said(one)).toEqual(["answer 2", HIT]);
});

testWithRedis("replicas with other providers behind the same names keep to themselves", async () => {
  await using redis = await RedisServer.start();
  await using at = await stage();
  await using other = await stage();
  const [one, two] = [await at.gateway(redisAt(redis)), await other.gateway(redisAt(redis))];
  expect([await said(one), await said(two)]).toEqual([
    ["answer 1", MISS],
    ["answer 1", MISS],
  ]);
  expect(other.upstream.requests).toHaveLength(1);
});

testWithRedis("so do replicas that ask a provider with other headers; its key makes no difference", async () => {
  await using redis = await RedisServer.start();
  await using at = await stage();
  const providers = (over: object) => providerAt(at.upstream.url, "openai-compatible", over);
  const gateway = (over: object) => at.gateway({ ...redisAt(redis), providers: providers(over) });
  const one = await gateway({ headers: { "x-persona": "pirate" } });
  const two = await gateway({ headers: { "x-persona": "poet" } });
  const three = await gateway({ headers: { "x-persona": "poet" }, apiKey: "sk-another" });
  expect(await said(one)).toEqual(["answer 1", MISS]);
  expect(await said(two)).toEqual(["answer 2", MISS]);
  expect(await said(three)).toEqual(["answer 2", HIT]);
});

testWithRedis("without Redis calls are answered by the provider", async () => {
  await using redis = await RedisServer.start();
  await using at = await stage();
  const gateway = await at.gateway(redisAt(redis));
  await said(gateway);
  await redis.kill();
  expect(await said(gateway)).toEqual(["answer 2", MISS]);
  expect(await gateway.metric("cache_failures_total")).toBeGreaterThan(0);
});
