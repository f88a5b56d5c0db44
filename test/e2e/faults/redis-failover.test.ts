import { expect } from "vitest";
import { FaultProxy } from "../../support/fault-proxy.ts";
import { TestGateway } from "../../support/gateway.ts";
import { RedisServer, testWithRedis } from "../../support/redis-server.ts";
import { admitted, ask, daily } from "../limited.ts";

/** A gateway that uses Redis, with a limit of requests, and the half of it as its share. */
async function limited({ port }: { readonly port: number }, requests: number): Promise<TestGateway> {
  const gateway = await TestGateway.start({
    providers: { simulator: {} },
    redis: { url: `redis://127.0.0.1:${port}`, replicas: 2, opTimeout: "10s" },
    limits: [{ scope: "key", requests, ...daily }],
    overload: { enabled: false },
  });
  await expect.poll(() => gateway.metric("redis_up"), { timeout: 10_000 }).toBe(1);
  return gateway;
}

async function reasons({ opsUrl }: TestGateway): Promise<string[]> {
  return ((await (await fetch(`${opsUrl}/readyz`)).json()) as { reasons: string[] }).reasons;
}

/** Resolves when a replica has all that its primary has by now. */
async function inStep(primary: RedisServer, replica: RedisServer): Promise<void> {
  const read = async ({ client }: RedisServer, name: string) =>
    new RegExp(`${name}:(\\w+)`).exec(await client.info("replication"))?.[1];
  const wanted = Number(await read(primary, "master_repl_offset"));
  const state = async () => [
    await read(replica, "master_link_status"),
    Number(await read(replica, "slave_repl_offset")) >= wanted,
  ];
  await expect.poll(state, { timeout: 8000 }).toEqual(["up", true]);
}

testWithRedis(
  "R6: after a failover the limit is exceeded by the writes that the new primary misses, no more",
  async () => {
    await using primary = await RedisServer.start([
      "--repl-diskless-sync-delay",
      "0",
      "--repl-ping-replica-period",
      "3600",
    ]);
    await using replica = await RedisServer.start();
    await using replication = await FaultProxy.start(primary.port);
    await using proxy = await FaultProxy.start(primary.port);
    await replica.client.replicaof("127.0.0.1", replication.port);
    await inStep(primary, replica);
    await using gateway = await limited(proxy, 20);
    expect(await admitted([gateway], 8)).toBe(8);
    await inStep(primary, replica);
    replication.blackHole();
    expect(await admitted([gateway], 6)).toBe(6);

    await replica.client.replicaof("NO", "ONE");
    proxy.lead(replica.port);
    await primary.kill();
    // The client of this test, and the gateway.
    const clients = async () =>
      String(await replica.client.client("LIST"))
        .trim()
        .split("\n").length;
    const found = async () => [await clients(), await gateway.metric("redis_up")];
    await expect.poll(found, { timeout: 5000 }).toEqual([2, 1]);
    // It knows of 8; the 6 after them are lost with the old primary.
    expect(await admitted([gateway], 30)).toBe(12);
    expect(await gateway.metric("rate_limited_total", { scope: "key", metric: "requests" })).toBe(18);
    expect(await gateway.metric("upstream_attempts_total", { outcome: "ok" })).toBe(8 + 6 + 12);
    expect(await reasons(gateway)).toEqual([]);
  },
);

testWithRedis("R6: while a server cannot serve, the share holds; it is used again when it can", async () => {
  await using server = await RedisServer.start();
  await using proxy = await FaultProxy.start(server.port);
  const errors = {
    LOADING: "Redis is loading the dataset in memory",
    BUSY: "Redis is busy running a script",
    MASTERDOWN: "Link with MASTER is down",
    READONLY: "You can't write against a read only replica",
    MOVED: "3999 127.0.0.1:6381",
    ASK: "3999 127.0.0.1:6381",
    OOM: "command not allowed when used memory > 'maxmemory'",
  };
  for (const [word, text] of Object.entries(errors)) {
    await server.client.flushall();
    await using gateway = await limited(proxy, 20);
    proxy.answer(`-${word} ${text}\r\n`);
    for (let i = 0; i < 3; i++) await gateway.complete(ask);
    // One after the other at first: the errors of calls at the same time would run together.
    expect(await admitted([gateway], 10)).toBe(7);
    const failures = await gateway.metric("redis_op_failures_total", { kind: "reply" });
    // One more operation may be under way when the link goes down.
    expect([0, 1].map((more) => failures - more)).toContain(word === "READONLY" ? 1 : 3);
    expect(await reasons(gateway)).toEqual([`degraded: Redis cannot be used (${word})`]);
    proxy.heal();
    await expect.poll(() => gateway.metric("redis_up"), { timeout: 5000 }).toBe(1);
    expect(await admitted([gateway], 25)).toBe(20);
  }
});

testWithRedis("R6: a real server that is full, becomes a replica, or is busy with a script", async () => {
  await using server = await RedisServer.start(["--busy-reply-threshold", "1"]);
  await using gateway = await limited(server, 1000);
  const back = () => expect.poll(() => gateway.metric("redis_up"), { timeout: 5000 }).toBe(1);
  const cause = async () => (await reasons(gateway))[0];
  const failing = async (word: string) => {
    await expect
      .poll(async () => [await admitted([gateway], 1), await cause()], { timeout: 5000 })
      .toEqual([1, `degraded: Redis cannot be used (${word})`]);
  };
  await server.client.config("SET", "maxmemory", "1");
  await failing("OOM");
  await server.client.config("SET", "maxmemory", "0");
  await back();
  await server.client.replicaof("127.0.0.1", 1);
  await failing("READONLY");
  await server.client.replicaof("NO", "ONE");
  await back();
  const other = server.client.duplicate();
  await other.ping();
  const busy = server.client.eval("while true do end", 0).catch((error: Error) => error.message);
  await failing("BUSY");
  await other.script("KILL");
  other.disconnect();
  expect(await busy).toMatch(/killed/);
  await back();
  expect(await admitted([gateway], 3)).toBe(3);
});
