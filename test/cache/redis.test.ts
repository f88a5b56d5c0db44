import { expect } from "vitest";
import { RedisStore, sharedSecret } from "../../src/cache/redis.ts";
import { redisLock } from "../../src/cache/redis-lock.ts";
import { Lease, Turns } from "../../src/cache/turns.ts";
import { GatewayError } from "../../src/model/error.ts";
import { Secret } from "../../src/model/secret.ts";
import { RedisLink } from "../../src/storage/redis.ts";
import { RedisServer, testWithRedis } from "../support/redis-server.ts";
import { keeping, storeSuite } from "./store-suite.ts";

async function stage() {
  const server = await RedisServer.start();
  const links: RedisLink[] = [];
  const link = async () => {
    const settings = { url: new Secret(server.url), keyPrefix: "t:", opTimeoutMs: 2000 };
    const opened = await RedisLink.open(settings, { changed: () => undefined, failed: () => undefined });
    await opened.settled(5000);
    links.push(opened);
    return opened;
  };
  return {
    server,
    link,
    store: new RedisStore(await link()),
    /** Redis has the clock: what is left of each entry's time shrinks instead. */
    pass: async (ms: number) => {
      for (const key of await server.client.keys("t:cache:answer:*")) {
        const leftMs = await server.client.pttl(key);
        await server.client.pexpire(key, leftMs - ms);
      }
    },
    [Symbol.asyncDispose]: async () => {
      for (const opened of links) await opened.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

storeSuite("redis", testWithRedis, stage);

testWithRedis("replicas find each other's answers, and what one drops none finds", async () => {
  await using at = await stage();
  const other = new RedisStore(await at.link());
  await at.store.set("a", Buffer.from("answer"), keeping(60_000));
  expect(Buffer.from((await other.get("a")) ?? []).toString()).toBe("answer");
  await other.clear();
  expect(await at.store.get("a")).toBeUndefined();
  await at.store.set("b", Buffer.from("newer"), keeping(60_000));
  expect(Buffer.from((await other.get("b")) ?? []).toString()).toBe("newer");
});

testWithRedis("what could not be dropped is not found, and dropped as soon as Redis lets it", async () => {
  await using at = await stage();
  await at.store.set("a", Buffer.from("answer"), keeping(60_000));
  await at.server.client.acl("SETUSER", "default", "-set");
  await expect(at.store.clear()).rejects.toMatchObject({ word: "NOPERM" });
  await expect(at.store.get("a")).rejects.toMatchObject({ word: "NOPERM" });
  await at.server.client.acl("SETUSER", "default", "+set");
  expect(await at.store.get("a")).toBeUndefined();
  await at.store.set("a", Buffer.from("newer"), keeping(60_000));
  expect(Buffer.from((await at.store.get("a")) ?? []).toString()).toBe("newer");
});

testWithRedis("every key begins with the prefix, and every answer has an end", async () => {
  await using at = await stage();
  await sharedSecret(await at.link());
  await at.store.set("a", Buffer.from("answer"), keeping(60_000));
  await at.store.clear();
  expect(await at.server.keys()).toEqual(["t:cache:answer:a", "t:cache:mark", "t:cache:secret"]);
  expect(await at.server.client.pttl("t:cache:answer:a")).toBeGreaterThan(0);
});

testWithRedis("all gateways have the same secret, whoever came first", async () => {
  await using at = await stage();
  const secrets = await Promise.all([sharedSecret(await at.link()), sharedSecret(await at.link())]);
  expect(secrets[0]).toHaveLength(32);
  expect(Buffer.from(secrets[1] ?? [])).toEqual(Buffer.from(secrets[0] ?? []));
});

testWithRedis(
  "a turn is one replica's, until it gives it back, and everybody's where there is nothing to share",
  async () => {
    await using at = await stage();
    const [one, two] = [redisLock(await at.link()), redisLock(await at.link())];
    expect([await one.take("k", "token-1"), await two.take("k", "token-2")]).toEqual(["mine", "taken"]);
    expect([await one.extend("k", "token-1"), await two.extend("k", "token-2")]).toEqual([true, false]);
    await two.leave("k", "token-2", false);
    expect(await two.take("k", "token-2")).toBe("taken");
    await one.leave("k", "token-1", false);
    expect(await two.take("k", "token-2")).toBe("mine");
    await two.leave("k", "token-2", true);
    expect([await one.take("k", "token-1"), await two.take("k", "token-3")]).toEqual(["open", "open"]);
    await two.leave("k", "token-2", false);
    expect(await one.take("k", "token-1")).toBe("open");
    expect(await at.server.client.pttl("t:cache:lock:k")).toBeGreaterThan(0);
  },
);

testWithRedis("whoever lost its turn does not write over what came after", async () => {
  await using at = await stage();
  const lock = redisLock(await at.link());
  await lock.take("k", "token-1");
  expect(await at.server.client.pttl("t:cache:lock:k")).toBeGreaterThan(0);
  // As when a process stood still for longer than its lease.
  await at.server.client.del("t:cache:lock:k");
  await lock.take("k", "token-2");
  const write = (text: string, fence: string) => at.store.set("k", Buffer.from(text), { ...keeping(60_000), fence });
  expect(await write("new", "token-2")).toBe(true);
  expect(await write("old", "token-1")).toBe(false);
  expect(Buffer.from((await at.store.get("k")) ?? []).toString()).toBe("new");
});

const noSignal = new AbortController().signal;
const none = async () => undefined;

async function turnsAt(at: Awaited<ReturnType<typeof stage>>, waitMs = 60_000) {
  let failures = 0;
  const turns = new Turns({ lock: redisLock(await at.link()), waitMs, failed: () => failures++ });
  return { turns, failures: () => failures };
}

testWithRedis("who waits gets what another replica brings, or its turn when that gives up", async () => {
  await using at = await stage();
  const [{ turns: one }, { turns: two }] = [await turnsAt(at), await turnsAt(at)];
  const first = await one.wait("k", noSignal, none);
  if (!(first instanceof Lease)) throw new Error("nobody else was there");
  let brought: string | undefined;
  const found = two.wait("k", noSignal, async () => brought);
  brought = "answer";
  expect(await found).toBe("answer");
  const next = two.wait("k", noSignal, none);
  first.end(false);
  first.end(true);
  const second = await next;
  if (!(second instanceof Lease)) throw new Error("it was its turn");
  second.end(true);
  while ((await at.server.client.get("t:cache:lock:k")) !== "open") await new Promise(setImmediate);
  expect(await one.wait("k", noSignal, none)).toBeUndefined();
});

testWithRedis("what came just before its turn is found, and the turn goes on", async () => {
  await using at = await stage();
  const { turns } = await turnsAt(at);
  expect(await turns.wait("k", noSignal, async () => "answer")).toBe("answer");
  while ((await at.server.client.exists("t:cache:lock:k")) === 1) await new Promise(setImmediate);
  const refused = turns.wait("k", noSignal, () => Promise.reject(new Error("limit")));
  await expect(refused).rejects.toThrow("limit");
  while ((await at.server.client.exists("t:cache:lock:k")) === 1) await new Promise(setImmediate);
});

testWithRedis("nobody waits for longer than it may, or than its caller", async () => {
  await using at = await stage();
  const { turns } = await turnsAt(at, 1);
  await redisLock(await at.link()).take("k", "token-1");
  expect(await turns.wait("k", noSignal, none)).toBeUndefined();
  const left = new AbortController();
  const { turns: patient } = await turnsAt(at);
  const waiting = patient.wait("k", left.signal, none);
  left.abort(new GatewayError("CANCELLED", "the caller left"));
  await expect(waiting).rejects.toMatchObject({ reason: "CANCELLED" });
});

testWithRedis("without Redis everybody goes ahead", async () => {
  await using at = await stage();
  const { turns, failures } = await turnsAt(at);
  await at.server.kill();
  expect(await turns.wait("k", noSignal, none)).toBeUndefined();
  expect(failures()).toBe(1);
});

testWithRedis("whoever lost its turn to nobody keeps what it brings, once", async () => {
  await using at = await stage();
  await redisLock(await at.link()).take("k", "token-1");
  // As when Redis begins anew, empty.
  await at.server.client.del("t:cache:lock:k");
  const write = (text: string) => at.store.set("k", Buffer.from(text), { ...keeping(60_000), fence: "token-1" });
  expect([await write("first"), await write("second")]).toEqual([true, false]);
  expect(Buffer.from((await at.store.get("k")) ?? []).toString()).toBe("first");
});
