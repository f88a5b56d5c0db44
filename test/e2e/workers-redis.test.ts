import { expect } from "vitest";
import { RedisServer, testWithRedis } from "../support/redis-server.ts";
import { admitted, ask, daily, reasonAt } from "./limited.ts";
import { crewOf, toBoth } from "./workers-stage.ts";

testWithRedis(
  "with Redis workers count there: a limit is one for those of all machines, and outlives them",
  async () => {
    await using redis = await RedisServer.start();
    const sections = {
      redis: { url: redis.url, opTimeout: "2s" },
      providers: { simulator: {} },
      limits: [{ scope: "provider", match: "simulator", requests: 20, ...daily }],
    };
    await using first = await crewOf(sections);
    await using second = await crewOf(sections);
    for (const gateway of [first, second]) {
      await expect.poll(() => gateway.metric("redis_up"), { timeout: 10_000 }).toBe(1);
    }
    const all = [...(await toBoth(first)), ...(await toBoth(second))];
    expect(await admitted(all, 40)).toBe(20);
    await first.kill();
    expect(await reasonAt(all[2], ask)).toBe("RATE_LIMITED");
    for (const connection of all) connection[Symbol.dispose]();
  },
  60_000,
);
