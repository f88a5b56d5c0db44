import { expect } from "vitest";
import { GatewayProcess } from "../support/gateway-process.ts";
import { RedisServer, testWithRedis } from "../support/redis-server.ts";
import { cachingAt, tellNumber } from "./cache-stage.ts";
import { faultOf } from "./faults/fault.ts";
import { asked, errorOf, held, keyed, keyedStage, textIn, work } from "./idempotency-stage.ts";

const sharedAt = ({ url }: RedisServer, over: object = {}) => ({
  redis: { url, opTimeout: "2s" },
  idempotency: { shared: true, ...over },
});

/** A gateway that shares its keys, once it has its Redis: it refuses them before. */
async function replica(at: Awaited<ReturnType<typeof keyedStage>>, redis: RedisServer, over: object = {}) {
  const gateway = await at.gateway(sharedAt(redis, over));
  await expect.poll(() => gateway.metric("redis_up"), { timeout: 10_000 }).toBe(1);
  return gateway;
}

testWithRedis("fifty with one key at two replicas are one call, also after a restart", async () => {
  await using redis = await RedisServer.start();
  const provider = held();
  await using at = await keyedStage(provider.play);
  const [one, two] = [await replica(at, redis), await replica(at, redis)];
  const calls = Array.from({ length: 50 }, async (_, i) =>
    textIn(await (i % 2 === 0 ? one : two).complete(work, keyed("k"))),
  );
  await asked(at, 1);
  provider.open();
  expect(new Set(await Promise.all(calls))).toEqual(new Set(["answer 1"]));
  await one.drain();
  await two.drain();
  const three = await replica(at, redis);
  const again = keyed("k");
  expect(textIn(await three.complete(work, again))).toBe("answer 1");
  expect(again.isReplay()).toBe(true);
  expect(faultOf(await three.failure({ ...work, input: "ho" }, keyed("k"))).reason).toBe("IDEMPOTENCY_KEY_REUSED");
  expect(at.upstream.requests).toHaveLength(1);
  expect(await redis.client.keys("llmhub:idempotency:*")).toHaveLength(1);
});

testWithRedis("another replica takes over from one that died, whose late word counts nothing", async () => {
  await using redis = await RedisServer.start();
  const first = held();
  await using at = await keyedStage((connection, request, number) =>
    number === 1 ? first.play(connection, request, number) : tellNumber(connection, request, number),
  );
  const [one, two] = [await replica(at, redis), await replica(at, redis)];
  const lost = one.complete(work, keyed("k"));
  await asked(at, 1);
  // As if its lease had ended: nobody has extended it.
  const [lock] = await redis.client.keys("llmhub:idempotency:*:lock");
  await redis.client.del(lock ?? "");
  expect(textIn(await two.complete(work, keyed("k")))).toBe("answer 2");
  first.open();
  expect(textIn(await lost)).toBe("answer 1");
  // Its word is still on the way to Redis when the answer has come, and until then repeats here share the answer.
  await expect.poll(async () => textIn(await one.complete(work, keyed("k")))).toBe("answer 2");
  await expect.poll(() => one.metric("idempotency_requests_total", { result: "lost" })).toBe(1);
});

testWithRedis("an answer that Redis did not take is known to the replica that gave it", async () => {
  await using redis = await RedisServer.start();
  const provider = held();
  await using at = await keyedStage(provider.play);
  const gateway = await replica(at, redis);
  const first = gateway.complete(work, keyed("k"));
  await asked(at, 1);
  await redis.kill();
  provider.open();
  expect(textIn(await first)).toBe("answer 1");
  expect(textIn(await gateway.complete(work, keyed("k")))).toBe("answer 1");
  await redis.run();
  await expect.poll(() => gateway.metric("redis_up"), { timeout: 10_000 }).toBe(1);
  expect(textIn(await gateway.complete(work, keyed("k")))).toBe("answer 1");
  expect(at.upstream.requests).toHaveLength(1);
});

testWithRedis(
  "when the gateway of the first call is killed, a repeat at another is carried out",
  async () => {
    await using redis = await RedisServer.start();
    const first = held();
    await using at = await keyedStage((connection, request, number) =>
      number === 1 ? first.play(connection, request, number) : tellNumber(connection, request, number),
    );
    const { providers } = cachingAt(at.upstream.url);
    await using doomed = await GatewayProcess.start({ providers, ...sharedAt(redis) });
    await expect.poll(() => doomed.metric("redis_up"), { timeout: 10_000 }).toBe(1);
    const two = await replica(at, redis);
    const lost = doomed.complete(work, keyed("k")).catch(() => "lost");
    await asked(at, 1);
    await doomed.program.kill();
    expect(await lost).toBe("lost");
    const second = two.complete(work, keyed("k"));
    const [lock = ""] = await redis.client.keys("llmhub:idempotency:*:lock");
    expect(await redis.client.pttl(lock)).toBeLessThanOrEqual(10_000);
    // What is left of the lease goes by.
    await redis.client.pexpire(lock, 1);
    expect(textIn(await second)).toBe("answer 2");
    expect(textIn(await two.complete(work, keyed("k")))).toBe("answer 2");
  },
  60_000,
);

testWithRedis("who waits too long for another replica is told so", async () => {
  await using redis = await RedisServer.start();
  const provider = held();
  await using at = await keyedStage(provider.play);
  const [one, two] = [await replica(at, redis), await replica(at, redis, { wait: "0s" })];
  const first = one.complete(work, keyed("k"));
  await asked(at, 1);
  expect(faultOf(await two.failure(work, keyed("k")))).toMatchObject({
    code: "Aborted",
    reason: "IDEMPOTENCY_KEY_IN_USE",
    retry: true,
  });
  provider.open();
  expect(textIn(await first)).toBe("answer 1");
  expect(textIn(await two.complete(work, keyed("k")))).toBe("answer 1");
});

testWithRedis("without Redis a call with a key is refused before it costs anything; others are served", async () => {
  await using redis = await RedisServer.start();
  await using at = await keyedStage();
  const gateway = await replica(at, redis);
  await redis.kill();
  const error = await errorOf(gateway.complete(work, keyed("k")));
  expect(faultOf(error)).toMatchObject({ code: "Unavailable", reason: "GATEWAY_DEPENDENCY_UNAVAILABLE", retry: true });
  expect(at.upstream.requests).toHaveLength(0);
  expect(textIn(await gateway.complete(work))).toBe("answer 1");
});
