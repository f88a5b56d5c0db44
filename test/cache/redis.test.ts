import { expect } from "vitest";
import { RedisStore, sharedSecret } from "../../src/cache/redis.ts";
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
  expect((await at.server.client.keys("*")).sort()).toEqual(["t:cache:answer:a", "t:cache:mark", "t:cache:secret"]);
  expect(await at.server.client.pttl("t:cache:answer:a")).toBeGreaterThan(0);
});

testWithRedis("all gateways have the same secret, whoever came first", async () => {
  await using at = await stage();
  const secrets = await Promise.all([sharedSecret(await at.link()), sharedSecret(await at.link())]);
  expect(secrets[0]).toHaveLength(32);
  expect(Buffer.from(secrets[1] ?? [])).toEqual(Buffer.from(secrets[0] ?? []));
});
