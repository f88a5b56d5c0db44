import { expect } from "vitest";
import { GatewayProcess } from "../../support/gateway-process.ts";
import { RedisServer, testWithRedis } from "../../support/redis-server.ts";
import { ask, daily, reasonAt } from "../limited.ts";

/** Of a call in this test, and how long what it took outlives that in Redis. */
const deadlineMs = 20_000;
const marginMs = 60_000;

const small = { ...ask, maxOutputTokens: 1 };

/** Lets time go by for what is held: entries end at moments of Redis' clock. */
async function pass(client: RedisServer["client"], keys: readonly string[], ms: number): Promise<void> {
  for (const key of keys) {
    const entries = await client.zrange(key, "0", "-1", "WITHSCORES");
    for (let i = 0; i < entries.length; i += 2) await client.zadd(key, Number(entries[i + 1]) - ms, entries[i] ?? "");
  }
}

testWithRedis(
  "what calls held is free again when the life of their reservation ends, if their gateway was killed",
  async () => {
    await using server = await RedisServer.start();
    const { client } = server;
    const sections = {
      providers: { simulator: {} },
      redis: { url: server.url, opTimeout: "2s" },
      limits: [{ scope: "key", concurrent: 2, tokens: 10_000, ...daily }],
    };
    await using doomed = await GatewayProcess.start(sections);
    await using other = await GatewayProcess.start(sections);
    for (const one of [doomed, other]) await expect.poll(() => one.metric("redis_up"), { timeout: 10_000 }).toBe(1);
    const slow = { model: "simulator/gpt:first-token-60000", input: "hi", maxOutputTokens: 4000 };
    const lost = [0, 1].map(() => doomed.complete(slow, { timeoutMs: deadlineMs }).catch(() => "lost"));
    await expect.poll(async () => (await client.keys("*:r:*")).length, { timeout: 10_000 }).toBe(2);
    await doomed.program.kill();
    expect(await Promise.all(lost)).toEqual(["lost", "lost"]);
    expect(await reasonAt(other, small)).toBe("CONCURRENCY_LIMITED");

    const held = [...(await client.keys("*:concurrent:*")), ...(await client.keys("*:tokens:*:open"))];
    expect(held).toHaveLength(2);
    const [seconds] = await client.time();
    for (const key of held) {
      const [, lastMs] = await client.zrange(key, "-1", "-1", "WITHSCORES");
      expect(Number(lastMs) - Number(seconds) * 1000).toBeLessThanOrEqual(deadlineMs + marginMs + 1000);
    }
    await pass(client, held, deadlineMs + marginMs + 1000);
    expect(await reasonAt(other, small)).toBe("");
    let left = "";
    const onHeader = (headers: Headers) => {
      left = headers.get("x-ratelimit-remaining-tokens") ?? "";
    };
    await other.complete(small, { onHeader });
    expect(Number(left)).toBeGreaterThan(9900);
  },
  60_000,
);
