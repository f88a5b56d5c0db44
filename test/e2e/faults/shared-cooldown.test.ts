import { expect } from "vitest";
import { TestGateway } from "../../support/gateway.ts";
import { RedisServer, testWithRedis } from "../../support/redis-server.ts";
import { chat, providerAt, request } from "./dialects.ts";
import { faultOf } from "./fault.ts";
import { behaving, failing, noTrials, well } from "./target-health.ts";

/** Resolves when a gateway knows of a pause, whoever found out. */
async function knows(gateway: TestGateway): Promise<number> {
  for (;;) {
    const seconds = await gateway.metric("cooldown_seconds", { provider: "up" });
    if (seconds > 0) return seconds;
  }
}

const models = { "m-1": {}, "m-2": {} };

testWithRedis("a pause that one replica is asked for is kept by the other, which calls nobody", async () => {
  await using redis = await RedisServer.start();
  await using at = await behaving(failing(429, { "retry-after": "300" }), noTrials, { url: redis.url });
  const providers = providerAt(at.upstream.url, chat.kind, { models });
  await using other = await TestGateway.start({ providers, health: noTrials, redis: { url: redis.url } });
  await at.failures(1);
  expect(await knows(other)).toBeGreaterThan(290);
  const reached = at.upstream.requests.length;
  const error = await other.failure(request);
  expect(faultOf(error)).toMatchObject({ reason: "PROVIDER_RATE_LIMITED", cause: "cooldown" });
  expect(Number(error.metadata.get("grpc-retry-pushback-ms"))).toBeGreaterThan(290_000);
  expect(at.upstream.requests.length).toBe(reached);
  expect(await redis.client.pttl("llmhub:cooldowns")).toBeGreaterThan(290_000);
});

testWithRedis("without Redis a pause holds all the same where it was found out", async () => {
  await using redis = await RedisServer.start();
  await using at = await behaving(failing(429, { "retry-after": "300" }), noTrials, { url: redis.url });
  await redis.kill();
  await at.failures(1);
  expect(await at.refusal()).toMatchObject({ reason: "PROVIDER_RATE_LIMITED", cause: "cooldown" });
  await at.failures(1, "up/m-2");
  expect(await at.refusal("up/m-2")).toMatchObject({ reason: "PROVIDER_RATE_LIMITED", cause: "cooldown" });
});

testWithRedis("what else stands under the key is no pause, and does no harm", async () => {
  await using redis = await RedisServer.start();
  const soon = Date.now() + 300_000;
  await redis.client.zadd("llmhub:cooldowns", soon, "no json", soon, "[1,2,3]", soon, '["none","m-1",false]');
  await using at = await behaving(failing(429, { "retry-after": "300" }), noTrials, { url: redis.url });
  await at.failures(1);
  const providers = providerAt(at.upstream.url, chat.kind, { models });
  await using other = await TestGateway.start({ providers, health: noTrials, redis: { url: redis.url } });
  expect(await knows(other)).toBeGreaterThan(290);
});

testWithRedis("a pause is one of a credential: a replica goes on with the other, under whatever name", async () => {
  await using redis = await RedisServer.start();
  await using at = await behaving(failing(429, { "retry-after": "300" }), noTrials);
  const gatewayWith = (...names: readonly string[]) => {
    const credentials = names.map((name, i) => ({ name, apiKey: `key-${i}` }));
    const up = { kind: chat.kind, baseUrl: `${at.upstream.url}/v1`, credentials };
    return TestGateway.start({ providers: { up }, health: noTrials, redis: { url: redis.url } });
  };
  await using one = await gatewayWith("a", "b");
  await using other = await gatewayWith("first", "second");
  // One attempt each: the first credential is paused.
  await one.failure(request);
  await knows(other);
  at.now.behaviour = well;
  at.upstream.requests.splice(0);
  for (let call = 0; call < 3; call++) await other.complete(request);
  expect(at.upstream.requests.map(({ headers }) => headers["authorization"])).toEqual(Array(3).fill("Bearer key-1"));
});

testWithRedis("a pause is over for who has another key", async () => {
  await using redis = await RedisServer.start();
  await using at = await behaving(failing(429, { "retry-after": "300" }));
  const gatewayWith = (apiKey: string) => {
    const { up } = providerAt(at.upstream.url, chat.kind);
    const providers = { renewed: { ...up, apiKey }, up };
    return TestGateway.start({ providers, health: noTrials, redis: { url: redis.url } });
  };
  await using one = await gatewayWith("old");
  await using other = await gatewayWith("new");
  // One look at Redis brings both pauses.
  await one.failure({ ...request, model: "renewed/m-1" });
  await one.failure(request);
  await knows(other);
  expect(await one.metric("cooldown_seconds", { provider: "renewed" })).toBeGreaterThan(0);
  expect(await other.metric("cooldown_seconds", { provider: "renewed" })).toBe(0);
});
