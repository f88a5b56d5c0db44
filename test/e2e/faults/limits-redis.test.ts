import { expect } from "vitest";
import { FaultProxy } from "../../support/fault-proxy.ts";
import { TestGateway } from "../../support/gateway.ts";
import { RedisServer, testWithRedis } from "../../support/redis-server.ts";
import { admitted, ask, daily, reasons } from "../limited.ts";

const providers = { simulator: {} };

/** Two replicas that share a Redis, with 100 requests for all of their callers. */
function replica(
  { port }: { readonly port: number },
  limit: object = { requests: 100, ...daily },
): Promise<TestGateway> {
  return TestGateway.start({
    providers,
    redis: { url: `redis://127.0.0.1:${port}`, replicas: 2, opTimeout: "500ms" },
    limits: [{ scope: "key", ...limit }],
  });
}

testWithRedis(
  "G9: two replicas with a limit of 100 admit exactly 100 of 400 calls, ten times in a row",
  async () => {
    await using server = await RedisServer.start();
    await using first = await replica(server);
    await using second = await replica(server);
    for (let round = 0; round < 10; round++) {
      await server.client.flushall();
      expect(await admitted([first, second], 400)).toBe(100);
    }
    expect(await first.metric("redis_op_failures_total")).toBe(0);
  },
  60_000,
);

testWithRedis("R1: without Redis at the start each replica keeps its share", async () => {
  await using server = await RedisServer.start();
  await using proxy = await FaultProxy.start(server.port);
  proxy.cut();
  await using gateway = await replica(proxy);
  expect(await admitted([gateway], 80)).toBe(50);
});

testWithRedis(
  "R2: Redis is killed under load: no call hangs, shares hold, and it is found again within 2 s",
  async () => {
    await using server = await RedisServer.start();
    await using gateway = await replica(server, { requests: 10_000, ...daily });
    const load = reasons([gateway], 150);
    await server.kill();
    expect(new Set(await load)).toEqual(new Set([""]));
    expect(new Set(await reasons([gateway], 50))).toEqual(new Set([""]));
    await server.run();
    await expect.poll(() => gateway.metric("redis_up"), { timeout: 2000 }).toBe(1);
    await gateway.complete(ask);
    expect((await server.client.keys("*")).length).toBe(1);
  },
);

testWithRedis(
  "R3: a Redis that stands still, delays or swallows is left alone, and counts nothing twice",
  async () => {
    await using server = await RedisServer.start();
    for (const fault of ["suspend", "blackHole", "delay"] as const) {
      await server.client.flushall();
      await using proxy = await FaultProxy.start(server.port);
      await using gateway = await TestGateway.start({
        providers,
        redis: { url: `redis://127.0.0.1:${proxy.port}`, opTimeout: "200ms" },
        limits: [{ scope: "key", requests: 1000, ...daily }],
      });
      await gateway.complete(ask);
      if (fault === "suspend") server.suspend();
      else if (fault === "delay") proxy.delay(600);
      else proxy.blackHole();
      for (let i = 0; i < 8; i++) await gateway.complete(ask);
      // Three operations were waited for, the rest cost nothing.
      expect(await gateway.metric("redis_op_failures_total", { kind: "timeout" })).toBe(3);
      expect(await gateway.metric("redis_up")).toBe(0);
      server.continue();
      proxy.heal();
      await expect.poll(() => gateway.metric("redis_up"), { timeout: 2500 }).toBe(1);
      await gateway.complete(ask);
      const [key = ""] = await server.client.keys("*:c:*");
      const [taken] = await server.client.hvals(key);
      // Those that arrived late count once each: the call had gone on, and had used what it took.
      expect(Number(taken)).toBeGreaterThanOrEqual(2);
      expect(Number(taken)).toBeLessThanOrEqual(5);
    }
  },
  30_000,
);

testWithRedis("R4: scripts that are forgotten all the time cost nobody a call", async () => {
  await using server = await RedisServer.start();
  await using gateway = await replica(server);
  const flushing = { on: true };
  const flushed = (async () => {
    while (flushing.on) await server.client.script("FLUSH");
  })();
  expect(await admitted([gateway], 150)).toBe(100);
  flushing.on = false;
  await flushed;
  expect(await gateway.metric("redis_op_failures_total")).toBe(0);
});

testWithRedis("R5: a Redis that forgets everything in the middle begins anew, and never below zero", async () => {
  await using server = await RedisServer.start();
  await using gateway = await replica(server, { tokens: 100_000, ...daily });
  const left: (string | null)[] = [];
  const onHeader = (headers: Headers) => void left.push(headers.get("x-ratelimit-remaining-tokens"));
  const asked = gateway.stream({ ...ask, model: "simulator/gpt:first-token-300", maxOutputTokens: 1000 });
  await expect.poll(async () => (await server.client.keys("*:r:*")).length).toBe(1);
  await server.client.flushall();
  expect((await asked).error).toBeUndefined();
  await gateway.complete({ ...ask, maxOutputTokens: 1000 }, { onHeader });
  const remaining = Number(left[0]);
  expect(remaining).toBeGreaterThan(98_900);
  expect(remaining).toBeLessThanOrEqual(99_000);
  const [key = ""] = await server.client.keys("*:c:*");
  for (const taken of await server.client.hvals(key)) expect(Number(taken)).toBeGreaterThanOrEqual(0);
});

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
