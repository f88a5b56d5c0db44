import { expect } from "vitest";
import { GatewayProcess } from "../../support/gateway-process.ts";
import { RedisServer, testWithRedis } from "../../support/redis-server.ts";
import { admitted, daily } from "../limited.ts";

/** Sets every clock that a process has forward by a day. */
const dayAhead = `
  const aheadMs = 24 * 3_600_000;
  const { now } = Date;
  globalThis.Date = class extends Date {
    constructor(...args) { super(...(args.length === 0 ? [now() + aheadMs] : args)); }
    static now() { return now() + aheadMs; }
  };
  Object.defineProperty(performance, "timeOrigin", { value: performance.timeOrigin + aheadMs });`;

testWithRedis(
  "G9, R7: two processes whose clocks are a day apart admit exactly 100 of 400 calls",
  async () => {
    await using server = await RedisServer.start();
    const sections = {
      providers: { simulator: {} },
      redis: { url: server.url, opTimeout: "10s" },
      limits: [{ scope: "key", requests: 100, ...daily }],
    };
    await using first = await GatewayProcess.start(sections);
    await using second = await GatewayProcess.start(sections, { preload: dayAhead });
    const both = [first, second];
    // A busy machine connects late, and until then each counts for itself.
    for (const one of both) await expect.poll(() => one.metric("redis_up"), { timeout: 10_000 }).toBe(1);
    for (let round = 0; round < 10; round++) {
      await server.client.flushall();
      expect(await admitted(both, 400)).toBe(100);
    }
    const sum = async (name: string, labels = {}) =>
      (await Promise.all(both.map((one) => one.metric(name, labels)))).reduce((a, b) => a + b);
    expect(await sum("upstream_attempts_total", { outcome: "ok" })).toBe(1000);
    expect(await sum("rate_limited_total", { scope: "key", metric: "requests" })).toBe(3000);
    expect(await sum("redis_op_failures_total")).toBe(0);
  },
  90_000,
);
