import { expect } from "vitest";
import { FaultProxy } from "../../support/fault-proxy.ts";
import { TestGateway } from "../../support/gateway.ts";
import { RedisServer, testWithRedis } from "../../support/redis-server.ts";
import { within } from "../../support/scripted-upstream.ts";
import { admitted, ask, daily, reasonAt } from "../limited.ts";

const providers = { simulator: {} };

/** Two replicas that share a Redis, with 100 requests for all of their callers. */
function replica(
  { port }: { readonly port: number },
  limit: object = { requests: 100, ...daily },
): Promise<TestGateway> {
  return TestGateway.start({
    providers,
    redis: { url: `redis://127.0.0.1:${port}`, replicas: 2, opTimeout: "10s" },
    limits: [{ scope: "key", ...limit }],
    // A busy machine is no overload.
    overload: { enabled: false },
  });
}

/** The same, once Redis is in use: a busy machine connects late, and until then each counts for itself. */
async function connected(server: RedisServer, limit?: object): Promise<TestGateway> {
  const gateway = await replica(server, limit);
  await expect.poll(() => gateway.metric("redis_up"), { timeout: 10_000 }).toBe(1);
  return gateway;
}

testWithRedis(
  "G9: two replicas with a limit of 100 admit exactly 100 of 400 calls, ten times in a row",
  async () => {
    await using server = await RedisServer.start();
    await using first = await connected(server);
    await using second = await connected(server);
    for (let round = 0; round < 10; round++) {
      await server.client.flushall();
      expect(await admitted([first, second], 400)).toBe(100);
    }
    const sum = async (name: string, labels = {}) =>
      (await first.metric(name, labels)) + (await second.metric(name, labels));
    expect(await sum("redis_op_failures_total")).toBe(0);
    expect(await sum("rate_limited_total", { scope: "key", metric: "requests" })).toBe(3000);
    expect(await sum("upstream_attempts_total", { outcome: "ok" })).toBe(1000);
  },
  60_000,
);

testWithRedis.each(["cut", "blackHole"] as const)(
  "R1: Redis is down at the start (%s): the gateway starts, says so, and keeps its share",
  async (fault) => {
    await using server = await RedisServer.start();
    await using proxy = await FaultProxy.start(server.port);
    proxy[fault]();
    await using gateway = await within(replica(proxy), 3000);
    const ready = await fetch(`${gateway.opsUrl}/readyz`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toEqual({
      ready: true,
      reasons: [expect.stringMatching(/^degraded: Redis cannot be used \([A-Za-z]+\)$/)],
    });
    expect(await gateway.metric("redis_up")).toBe(0);
    expect(await admitted([gateway], 80)).toBe(50);
    expect(await gateway.metric("rate_limited_total", { scope: "key", metric: "requests" })).toBe(30);
    expect(await gateway.metric("upstream_attempts_total", { outcome: "ok" })).toBe(50);
    // It is known to be away: no call tries it.
    expect(await gateway.metric("redis_op_failures_total")).toBe(0);
  },
);

testWithRedis(
  "R2: Redis is killed under load: every call is answered, and it is found again within 2 s, without a restart",
  async () => {
    await using server = await RedisServer.start();
    await using gateway = await connected(server, { requests: 1_000_000, ...daily });
    const ended: Record<string, number> = {};
    const load = { on: true };
    const caller = async () => {
      while (load.on) {
        const reason = await reasonAt(gateway);
        ended[reason] = (ended[reason] ?? 0) + 1;
      }
    };
    const callers = Promise.all(Array.from({ length: 20 }, caller));
    const answered = (calls: number) => expect.poll(() => ended[""] ?? 0, { timeout: 5000 }).toBeGreaterThan(calls);
    await answered(100);
    await server.kill();
    await expect.poll(() => gateway.metric("redis_up"), { timeout: 4000 }).toBe(0);
    await answered((ended[""] ?? 0) + 100);
    await server.run();
    await expect.poll(() => gateway.metric("redis_up"), { timeout: 4000 }).toBe(1);
    await answered((ended[""] ?? 0) + 100);
    load.on = false;
    await callers;
    expect(Object.keys(ended)).toEqual([""]);
    expect(await gateway.metric("calls_total", { code: "OK" })).toBe(ended[""]);
    expect((await server.client.keys("*:c:*")).length).toBe(1);
  },
);

testWithRedis("R2: while Redis is away each replica admits its share, and refuses with a reason", async () => {
  await using server = await RedisServer.start();
  await using first = await connected(server);
  await using second = await connected(server);
  await server.kill();
  for (const gateway of [first, second]) {
    await expect.poll(() => gateway.metric("redis_up"), { timeout: 4000 }).toBe(0);
    expect(await admitted([gateway], 80)).toBe(50);
    expect(await gateway.metric("rate_limited_total", { scope: "key", metric: "requests" })).toBe(30);
    expect(await gateway.metric("upstream_attempts_total", { outcome: "ok" })).toBe(50);
  }
});

testWithRedis("R4: scripts that are forgotten all the time cost nobody a call", async () => {
  await using server = await RedisServer.start();
  await using gateway = await connected(server);
  const flushing = { on: true };
  const flushed = (async () => {
    while (flushing.on) await server.client.script("FLUSH");
  })();
  expect(await admitted([gateway], 150)).toBe(100);
  flushing.on = false;
  await flushed;
  expect(await gateway.metric("rate_limited_total", { scope: "key", metric: "requests" })).toBe(50);
  expect(await gateway.metric("upstream_attempts_total", { outcome: "ok" })).toBe(100);
  expect(await gateway.metric("redis_op_failures_total")).toBe(0);
});

const losses = {
  FLUSHALL: async ({ client }: RedisServer) => void (await client.flushall()),
  "a restart": async (server: RedisServer) => {
    await server.kill();
    await server.run();
  },
};

testWithRedis.each(Object.entries(losses))(
  "R5: %s in the middle of a call: what it took is forgotten, and nothing falls below zero",
  async (_, lose) => {
    await using server = await RedisServer.start();
    await using gateway = await connected(server, { tokens: 100_000, ...daily });
    const left: (string | null)[] = [];
    const onHeader = (headers: Headers) => void left.push(headers.get("x-ratelimit-remaining-tokens"));
    const asked = gateway.stream({ ...ask, model: "simulator/gpt:first-token-300", maxOutputTokens: 1000 });
    await expect.poll(async () => (await server.client.keys("*:r:*")).length).toBe(1);
    await lose(server);
    await expect.poll(() => gateway.metric("redis_up"), { timeout: 4000 }).toBe(1);
    expect((await asked).error).toBeUndefined();
    await gateway.complete({ ...ask, maxOutputTokens: 1000 }, { onHeader });
    const remaining = Number(left[0]);
    expect(remaining).toBeGreaterThan(98_900);
    expect(remaining).toBeLessThanOrEqual(99_000);
    const [key = ""] = await server.client.keys("*:c:*");
    for (const taken of await server.client.hvals(key)) expect(Number(taken)).toBeGreaterThanOrEqual(0);
  },
);

testWithRedis("tokens are settled in Redis, and a place at once is given back there", async () => {
  await using server = await RedisServer.start();
  await using gateway = await TestGateway.start({
    providers,
    redis: { url: server.url, opTimeout: "500ms" },
    limits: [{ scope: "key", tokens: 100_000, concurrent: 2, ...daily }],
  });
  const { usage } = await gateway.complete({ ...ask, maxOutputTokens: 5000 });
  const used = (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0);
  await expect.poll(() => server.client.keys("*:r:*")).toEqual([]);
  const [key = ""] = await server.client.keys("*:c:key:tokens:*");
  expect(await server.client.hvals(key)).toEqual([String(used)]);
  expect(await server.client.keys("*:concurrent:*")).toEqual([]);
});
