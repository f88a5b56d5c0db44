import { Code } from "@connectrpc/connect";
import { expect } from "vitest";
import { type TestGateway, textOf } from "../support/gateway.ts";
import { RedisServer, testWithRedis } from "../support/redis-server.ts";
import { ask, type Play, stage, tellNumber } from "./cache-stage.ts";
import { chat } from "./faults/dialects.ts";

/** Replicas that wait for each other, before a provider that answers none of its calls before it is told to. */
async function replicas(play: Play = tellNumber, over: object = {}) {
  const gate = Promise.withResolvers<void>();
  const redis = await RedisServer.start();
  const at = await stage(async (...call) => {
    await gate.promise;
    await play(...call);
  });
  const config = {
    redis: { url: redis.url, opTimeout: "2s" },
    cache: { enabled: true, driver: "redis", replicaWait: "60s", ...over },
  };
  const [one, two] = [await at.gateway(config), await at.gateway(config)];
  return {
    redis,
    one,
    two,
    open: gate.resolve,
    requests: at.upstream.requests,
    [Symbol.asyncDispose]: async () => {
      await at[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    },
  };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise(setImmediate);
}

const waiting = (gateway: TestGateway, count: number) =>
  until(async () => (await gateway.metric("cache_waiting")) === count);
const said = async (call: ReturnType<TestGateway["complete"]>) => (await call).message?.content[0]?.part.value;

testWithRedis("two hundred that ask two replicas the same are answered by one call of the provider", async () => {
  await using at = await replicas();
  const calls = Array.from({ length: 200 }, async (_, i) => {
    const gateway = i % 2 === 0 ? at.one : at.two;
    return i % 4 < 2 ? said(gateway.complete(ask)) : textOf(await gateway.stream(ask));
  });
  const sum = async () => (await at.one.metric("cache_waiting")) + (await at.two.metric("cache_waiting"));
  await until(async () => (await sum()) === 199);
  at.open();
  expect(new Set(await Promise.all(calls))).toEqual(new Set(["answer 1"]));
  expect(at.requests).toHaveLength(1);
  const results = async (result: string) =>
    (await at.one.metric("cache_requests_total", { result })) +
    (await at.two.metric("cache_requests_total", { result }));
  expect([await results("miss"), await results("shared")]).toEqual([1, 199]);
  await until(async () => (await at.redis.client.keys("llmhub:cache:lock:*")).length === 0);
});

testWithRedis("when the caller in front leaves, the other replica takes its place", async () => {
  await using at = await replicas();
  const leave = new AbortController();
  const first = at.one.failure(ask, { signal: leave.signal });
  await until(() => at.requests.length === 1);
  const second = at.two.complete(ask);
  await waiting(at.two, 1);
  leave.abort();
  expect((await first).code).toBe(Code.Canceled);
  await until(() => at.requests.length === 2);
  at.open();
  expect(await said(second)).toBe("answer 2");
});

testWithRedis("who waits for another replica keeps a deadline of its own", async () => {
  await using at = await replicas();
  const first = at.one.complete(ask);
  await until(() => at.requests.length === 1);
  expect((await at.two.failure(ask, { timeoutMs: 100 })).code).toBe(Code.DeadlineExceeded);
  at.open();
  expect(await said(first)).toBe("answer 1");
});

testWithRedis("an answer that is not kept is not waited for: each replica asks for its own", async () => {
  const cut: Play = async (connection, _request, number) =>
    connection.respond(200, chat.whole(`answer ${number}`).replace('"stop"', '"length"'));
  await using at = await replicas(cut);
  const calls = [at.one.complete(ask)];
  await until(() => at.requests.length === 1);
  calls.push(at.two.complete(ask), at.two.complete(ask));
  await waiting(at.two, 2);
  at.open();
  expect((await Promise.all(calls.map(said))).sort()).toEqual(["answer 1", "answer 2", "answer 3"]);
});

testWithRedis("a replica that waits when Redis goes asks for itself", async () => {
  await using at = await replicas();
  const first = at.one.complete(ask);
  await until(() => at.requests.length === 1);
  const second = at.two.complete(ask);
  await waiting(at.two, 1);
  await at.redis.kill();
  await until(() => at.requests.length === 2);
  at.open();
  expect([await said(first), await said(second)].sort()).toEqual(["answer 1", "answer 2"]);
});

testWithRedis("what is stale is renewed by one replica", async () => {
  const renewals = Promise.withResolvers<void>();
  const play: Play = async (connection, request, number) => {
    if (number > 1) await renewals.promise;
    await tellNumber(connection, request, number);
  };
  await using at = await replicas(play, { ttl: "1ms", staleWhileRevalidate: "1h" });
  at.open();
  await at.one.complete(ask);
  const answeredMs = Date.now();
  await until(() => Date.now() > answeredMs + 2);
  const looks = (gateway: TestGateway) => gateway.metric("cache_requests_total", { result: "stale" });
  for (let i = 0; i < 5; i++)
    expect([await said(at.one.complete(ask)), await said(at.two.complete(ask))]).toEqual(["answer 1", "answer 1"]);
  await until(() => at.requests.length > 1);
  expect([await looks(at.one), await looks(at.two), at.requests.length]).toEqual([5, 5, 2]);
  renewals.resolve();
});
