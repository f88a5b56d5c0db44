import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { TestGateway } from "../../support/gateway.ts";
import { RedisServer, testWithRedis } from "../../support/redis-server.ts";

const providers = { simulator: {} };
const ask = { model: "simulator/gpt:first-token-0:pace-0", input: "hi" };

async function readiness(gateway: TestGateway): Promise<{ status: number; reasons: string[] }> {
  const response = await fetch(`${gateway.opsUrl}/readyz`);
  const { reasons } = (await response.json()) as { reasons: string[] };
  return { status: response.status, reasons };
}

/** A port where nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test("Redis is down at the start: calls are served, and readiness tells", async () => {
  await using gateway = await TestGateway.start({
    providers,
    redis: { url: `redis://:secret@127.0.0.1:${await closedPort()}` },
  });
  expect((await gateway.complete(ask)).message?.content).not.toEqual([]);
  expect(await readiness(gateway)).toEqual({
    status: 200,
    reasons: ["degraded: Redis cannot be used (ECONNREFUSED)"],
  });
  expect(await gateway.metrics()).toContain("llmhub_redis_up 0");
});

test("without Redis nothing is said of it", async () => {
  await using gateway = await TestGateway.start({ providers });
  expect((await readiness(gateway)).reasons).toEqual([]);
  expect(await gateway.metrics()).not.toContain("llmhub_redis_up");
});

testWithRedis("a reload goes from one Redis to another, and to none", async () => {
  await using first = await RedisServer.start();
  await using second = await RedisServer.start(["--requirepass", "secret"]);
  await using gateway = await TestGateway.start({ providers, redis: { url: first.url } });
  expect(await gateway.metric("redis_up")).toBe(1);
  const clients = async (server: RedisServer) => String(await server.client.client("LIST")).split("\n").length - 1;
  expect(await clients(first)).toBe(2);

  const url = `redis://:secret@127.0.0.1:${second.port}`;
  await gateway.reload({ providers, redis: { url: "file:/nowhere" } }).catch(() => undefined);
  await gateway.reload({ providers, redis: { url } });
  expect(await readiness(gateway)).toEqual({ status: 200, reasons: [] });
  await expect.poll(() => clients(first)).toBe(1);

  await gateway.reload({ providers, redis: { url: url.replace("secret", "other") } });
  expect((await readiness(gateway)).reasons).toEqual(["degraded: Redis cannot be used (WRONGPASS)"]);
  await gateway.reload({ providers });
  expect((await readiness(gateway)).reasons).toEqual([]);
});
