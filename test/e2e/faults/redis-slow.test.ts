import { expect, test } from "vitest";
import { FaultProxy } from "../../support/fault-proxy.ts";
import { configOf, TestGateway } from "../../support/gateway.ts";
import { RedisServer, testWithRedis } from "../../support/redis-server.ts";
import { ask, daily, reasonAt } from "../limited.ts";

type Fault = (server: RedisServer, proxy: FaultProxy) => void;

/** Ways in which Redis does not answer: for a while, or until it is healed. */
const passing: Record<string, Fault> = {
  "DEBUG SLEEP": ({ client }) => void client.debug("SLEEP", "1.2"),
  "CLIENT PAUSE": ({ client }) => void client.client("PAUSE", 1200),
};
const lasting: Record<string, Fault> = {
  "a stopped process": (server) => server.suspend(),
  "a black hole": (_, proxy) => proxy.blackHole(),
  latency: (_, proxy) => proxy.delay(600),
};

test("R3: an operation has 50 ms where nothing else is configured", async () => {
  const { redis } = await configOf({ providers: { simulator: {} }, redis: { url: "redis://127.0.0.1:1" } });
  expect(redis?.opTimeoutMs).toBe(50);
});

testWithRedis.each(Object.entries({ ...passing, ...lasting }))(
  "R3: %s: three operations are waited for, and then calls go by the share, and what comes late counts once",
  async (name, begin) => {
    await using server = await RedisServer.start();
    await using proxy = await FaultProxy.start(server.port);
    await using gateway = await TestGateway.start({
      providers: { simulator: {} },
      redis: { url: `redis://127.0.0.1:${proxy.port}`, opTimeout: "200ms" },
      limits: [{ scope: "key", tokens: 100_000, ...daily }],
    });
    await expect.poll(() => gateway.metric("redis_up"), { timeout: 10_000 }).toBe(1);
    const { usage } = await gateway.complete(ask);
    const used = (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0);
    await expect.poll(() => server.client.keys("*:r:*")).toEqual([]);

    begin(server, proxy);
    for (let i = 0; i < 8; i++) expect(await reasonAt(gateway)).toBe("");
    // Three in a row, and what was on its way beside them; all others cost nothing.
    expect(await gateway.metric("redis_op_failures_total", { kind: "timeout" })).toBeOneOf([3, 4, 5]);
    if (name in lasting) expect(await gateway.metric("redis_up")).toBe(0);
    server.continue();
    proxy.heal();

    await expect.poll(() => gateway.metric("redis_up"), { timeout: 4000 }).toBe(1);
    expect(await reasonAt(gateway)).toBe("");
    // Nothing stays reserved; of the calls that had no answer each counts once or not at all.
    const calls = async () => {
      const [counter = ""] = await server.client.keys("*:c:*");
      const taken = (await server.client.hvals(counter)).reduce((sum, value) => sum + Number(value), 0);
      return taken / used;
    };
    await expect.poll(calls, { timeout: 4000 }).toBeOneOf([2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(await gateway.metric("upstream_attempts_total", { outcome: "ok" })).toBe(10);
  },
);
