import fc from "fast-check";
import { expect } from "vitest";
import { SharedCooldowns, type SharedPause } from "../../src/health/shared-cooldowns.ts";
import { Secret } from "../../src/model/secret.ts";
import { RedisLink } from "../../src/storage/redis.ts";
import { RedisServer, testWithRedis } from "../support/redis-server.ts";

async function linkTo(server: RedisServer): Promise<RedisLink> {
  const settings = { url: new Secret(server.url), keyPrefix: "t:", opTimeoutMs: 5000 };
  const link = await RedisLink.open(settings, { changed: () => undefined, failed: () => undefined });
  await link.settled(5000);
  return link;
}

testWithRedis("of all that replicas tell of one model, the longest pause is what they learn", async () => {
  await using server = await RedisServer.start();
  const link = await linkTo(server);
  const seconds = fc.array(fc.integer({ min: 100, max: 600 }), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(seconds, async (lengths) => {
      await server.client.del("t:cooldowns");
      const teller = new SharedCooldowns(() => undefined);
      teller.use(link);
      for (const s of lengths) teller.tell({ provider: "p", model: "m\n", forMs: s * 1000, quota: false });
      // Commands of one connection are carried out in order.
      await link.call("PING");
      teller.use(undefined);
      const learnt = await new Promise<SharedPause>((resolve) => new SharedCooldowns(resolve).use(link));
      expect(learnt).toMatchObject({ provider: "p", model: "m\n", quota: false });
      const longestMs = Math.max(...lengths) * 1000;
      expect(learnt.forMs).toBeGreaterThan(longestMs - 10_000);
      expect(learnt.forMs).toBeLessThanOrEqual(longestMs);
    }),
    { numRuns: 10 },
  );
  await link.close();
});

testWithRedis("the longest thousand pauses are kept", async () => {
  await using server = await RedisServer.start();
  const link = await linkTo(server);
  const teller = new SharedCooldowns(() => undefined);
  teller.use(link);
  for (let i = 0; i < 1100; i++) teller.tell({ provider: "p", model: `m${i}`, forMs: 100_000 + i * 100, quota: true });
  await link.call("PING");
  expect(await server.client.zcard("t:cooldowns")).toBe(1000);
  expect(await server.client.zscore("t:cooldowns", JSON.stringify(["p", "m0", true]))).toBeNull();
  teller.use(undefined);
  await link.close();
});
