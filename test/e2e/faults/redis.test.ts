import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { TestGateway } from "../../support/gateway.ts";
import { GatewayProcess } from "../../support/gateway-process.ts";
import { RedisServer, testWithRedis } from "../../support/redis-server.ts";
import { ScriptedUpstream } from "../../support/scripted-upstream.ts";
import { admitted, ask, daily } from "../limited.ts";

const providers = { simulator: {} };

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

test("R1: Redis is down at the start: calls are served, and readiness tells", async () => {
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

testWithRedis(
  "R8: a wrong password is told by its kind, and neither logged nor shown",
  async () => {
    const password = "canary-passw0rd";
    await using server = await RedisServer.start(["--requirepass", "right"]);
    const url = `redis://user:${password}@127.0.0.1:${server.port}`;
    const sections = { providers, redis: { url }, log: { format: "json", level: "trace" } };
    await using gateway = await GatewayProcess.start(sections);
    await gateway.program.said(/Redis cannot be used.*\n/);
    await gateway.complete(ask);
    const told = [];
    for (const path of ["/readyz", "/metrics"]) told.push(await (await fetch(gateway.opsUrl + path)).text());
    expect(JSON.parse(told[0] ?? "")).toEqual({ ready: true, reasons: ["degraded: Redis cannot be used (WRONGPASS)"] });
    gateway.program.signal("SIGTERM");
    expect(await gateway.program.exit()).toBe(0);
    expect(gateway.program.output).toContain("WRONGPASS");
    expect([gateway.program.output, ...told].join("\n")).not.toMatch(/canary|passw0rd/);
  },
  30_000,
);

const pem = (name: string) => readFileSync(join(import.meta.dirname, `../../support/certificates/${name}.pem`));
const tls = { cert: pem("server"), key: pem("server.key") };

test.each([
  ["rediss:// at a port without TLS", "rediss", undefined],
  ["rediss:// with a certificate of an unknown authority", "rediss", tls],
  ["redis:// at a port with TLS", "redis", tls],
  ["a port that speaks HTTP", "redis", undefined],
])("R8: %s leaves the gateway degraded", async (_, scheme, tls) => {
  await using port = await ScriptedUpstream.start(async (connection) => {
    await connection.bytes();
    await connection.write("HTTP/1.1 400 Bad Request\r\n\r\n");
  }, tls);
  await using gateway = await TestGateway.start({
    providers,
    redis: { url: `${scheme}://localhost:${port.port}` },
    limits: [{ scope: "key", requests: 2, ...daily }],
  });
  expect(await readiness(gateway)).toEqual({
    status: 200,
    reasons: [expect.stringMatching(/^degraded: Redis cannot be used \([A-Za-z_]+\)$/)],
  });
  expect(await admitted([gateway], 3)).toBe(2);
  expect(await gateway.metric("redis_up")).toBe(0);
});
