import { expect } from "vitest";
import { Secret } from "../../src/model/secret.ts";
import { RedisLink } from "../../src/storage/redis.ts";
import { RedisStreamLog } from "../../src/storage/redis-stream-log.ts";
import { RedisServer, testWithRedis } from "../support/redis-server.ts";

async function logAt(redis: RedisServer) {
  const settings = { url: new Secret(redis.url), keyPrefix: "test:", opTimeoutMs: 2000 };
  const link = await RedisLink.open(settings, { changed: () => undefined, failed: () => undefined });
  await link.settled(2000);
  return { log: new RedisStreamLog(link), link };
}

/** An entry with bytes that are no text. */
const entry = (sequence: number, end?: string) => ({
  keyId: "key",
  sequence,
  messages: Buffer.from([0, 255, 128, sequence]),
  end,
});
const write = (sequence: number, { end, keptFrom = 0 }: { end?: string; keptFrom?: number } = {}) => ({
  token: "t",
  entry: entry(sequence, end),
  keptFrom,
  keepMs: 60_000,
});

testWithRedis("what is written is read as it was, after any event", async () => {
  await using redis = await RedisServer.start();
  const { log, link } = await logAt(redis);
  expect(await log.newest("t")).toBeUndefined();
  await log.write(write(3));
  await log.write(write(5, { end: "" }));
  expect(await log.newest("t")).toEqual(entry(5, ""));
  expect(await log.read("t", 0)).toEqual([entry(3), entry(5, "")]);
  expect(await log.read("t", 3)).toEqual([entry(5, "")]);
  // Who has all events is still to be told of the end.
  expect(await log.read("t", 5)).toEqual([entry(5, "")]);
  expect(await log.read("t", 6)).toEqual([]);
  expect(await redis.client.pttl("test:stream:{t}")).toBeGreaterThan(50_000);
  await log.drop("t");
  expect(await log.newest("t")).toBeUndefined();
  await link.close();
});

testWithRedis("a write whose answer was lost can be repeated, and old entries go", async () => {
  await using redis = await RedisServer.start();
  const { log, link } = await logAt(redis);
  await log.write(write(3));
  await log.write(write(3));
  expect(await log.read("t", 0)).toEqual([entry(3)]);
  await log.write(write(7));
  await log.write(write(9, { keptFrom: 7 }));
  expect(await log.read("t", 0)).toEqual([entry(7), entry(9)]);
  await link.close();
});

testWithRedis("writer and reader hear of each other, until the stream ends", async () => {
  await using redis = await RedisServer.start();
  const { log, link } = await logAt(redis);
  expect(await log.attend("t")).toBe(false);
  expect(await log.write(write(1))).toBe(true);
  expect(await log.attend("t")).toBe(true);
  await redis.client.del("test:stream:{t}:reader");
  expect(await log.write(write(2))).toBe(false);
  await log.write(write(3, { end: "" }));
  expect(await log.attend("t")).toBe(false);
  await link.close();
});

testWithRedis("a Redis that is full fails the write, so that it can be tried again", async () => {
  await using redis = await RedisServer.start();
  const { log, link } = await logAt(redis);
  await redis.client.config("SET", "maxmemory", "1");
  await expect(log.write(write(1))).rejects.toMatchObject({ kind: "reply", word: "OOM" });
  await redis.client.config("SET", "maxmemory", "0");
  await log.write(write(1));
  expect(await log.read("t", 0)).toEqual([entry(1)]);
  await link.close();
});
