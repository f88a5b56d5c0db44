import { createHash } from "node:crypto";
import { expect } from "vitest";
import { TestGateway, textOf } from "../../support/gateway.ts";
import { GatewayProcess } from "../../support/gateway-process.ts";
import { RedisServer, testWithRedis } from "../../support/redis-server.ts";
import { broken, bytesOf, heard, PacedUpstream, resumed, tokenOf, until } from "./broken-stream.ts";
import { chat, providerAt, request } from "./dialects.ts";
import { RawCall } from "./raw-call.ts";

/** Sections of a gateway that shares streams. */
const sharing = ({ url }: PacedUpstream, redis: RedisServer, rest: object = {}) => ({
  providers: providerAt(url, chat.kind),
  redis: { url: redis.url, opTimeout: "2s" },
  streams: { shared: true },
  ...rest,
});

/** Resolves when Redis has the end of a stream. */
async function written(redis: RedisServer, token: string): Promise<void> {
  for (;;) {
    const [newest] = await redis.client.xrevrange(`llmhub:stream:{${token}}`, "+", "-", "COUNT", 1);
    if (newest?.[1].includes("end")) return;
  }
}

testWithRedis("a stream that ended on one replica is read on another, from any event on", async () => {
  await using redis = await RedisServer.start();
  await using upstream = await PacedUpstream.start();
  await using one = await TestGateway.start(sharing(upstream, redis));
  await using other = await TestGateway.start(sharing(upstream, redis));
  upstream.say("Hel", "lo");
  upstream.finish();
  using call = new RawCall(one.url, "StreamComplete", request);
  const { events } = await heard(call);
  const token = tokenOf(events);
  await written(redis, token);
  for (let afterSequence = 0; afterSequence <= events.length; afterSequence++) {
    const rest = await resumed(other.url, { token, afterSequence });
    expect(rest.status).toBe("0");
    expect(bytesOf(rest.events)).toEqual(bytesOf(events.slice(afterSequence)));
  }
  const beyond = await resumed(other.url, { token, afterSequence: events.length + 1 });
  expect(beyond.status).toBe("3 INVALID_REQUEST");
  expect((await resumed(other.url, { token: "none", afterSequence: 0 })).status).toBe("5 RESUME_TOKEN_INVALID");
  expect(upstream.upstream.requests.length).toBe(1);
  expect(await redis.client.pttl(`llmhub:stream:{${token}}`)).toBeGreaterThan(0);
  // Neither what is beyond the end nor an unknown token is a stream that was taken up.
  expect(await other.metric("resumed_streams_total")).toBe(events.length + 1);
});

testWithRedis("a stream goes on at one replica while it is read on another", async () => {
  await using redis = await RedisServer.start();
  await using upstream = await PacedUpstream.start();
  await using one = await TestGateway.start(sharing(upstream, redis));
  await using other = await TestGateway.start(sharing(upstream, redis));
  upstream.say("one ");
  const { events, token } = await broken(one, 3);
  const rest = resumed(other.url, { token, afterSequence: 3 });
  upstream.say("two ");
  while ((await redis.client.exists(`llmhub:stream:{${token}}:reader`)) === 0);
  upstream.say("three");
  upstream.finish();
  const { events: more, status } = await rest;
  expect(status).toBe("0");
  const all = [...events, ...more];
  expect(all.map(({ sequence }) => sequence)).toEqual(all.map((_, i) => i + 1));
  expect(textOf({ events: all })).toBe("one two three");
  expect(upstream.upstream.requests.length).toBe(1);
  expect(await other.metric("resumed_streams_total")).toBe(1);
});

testWithRedis("a gateway is killed after the provider has finished: another replica has the rest", async () => {
  await using redis = await RedisServer.start();
  await using upstream = await PacedUpstream.start();
  await using other = await TestGateway.start(sharing(upstream, redis));
  await using killed = await GatewayProcess.start(sharing(upstream, redis));
  upstream.say("one ");
  const { events, token } = await broken(killed, 3);
  upstream.say("two");
  upstream.finish();
  await written(redis, token);
  await killed.kill();
  const { events: rest, status } = await resumed(other.url, { token, afterSequence: 3 });
  expect(status).toBe("0");
  expect(textOf({ events: [...events, ...rest] })).toBe("one two");
  expect(rest.at(-1)?.event.case).toBe("finished");
  expect(upstream.upstream.requests.length).toBe(1);
});

testWithRedis("a gateway is killed in the middle: what came is read, then the stream is interrupted", async () => {
  await using redis = await RedisServer.start();
  await using upstream = await PacedUpstream.start();
  await using other = await TestGateway.start(sharing(upstream, redis));
  await using killed = await GatewayProcess.start(sharing(upstream, redis));
  upstream.say("one ");
  const { events, token } = await broken(killed, 3);
  while ((await redis.client.exists(`llmhub:stream:{${token}}`)) === 0);
  await killed.kill();
  // As after the seconds for which a writer is believed to live.
  await redis.client.del(`llmhub:stream:{${token}}:writer`);
  const kept = await resumed(other.url, { token, afterSequence: 0 });
  expect(bytesOf(kept.events)).toEqual(bytesOf(events));
  expect(kept.status).toBe("14 STREAM_INTERRUPTED");
});

testWithRedis("a failure is told on another replica as it was where it happened", async () => {
  await using redis = await RedisServer.start();
  await using upstream = await PacedUpstream.start();
  await using one = await TestGateway.start(sharing(upstream, redis));
  await using other = await TestGateway.start(sharing(upstream, redis));
  upstream.say("one ");
  upstream.stop();
  using call = new RawCall(one.url, "StreamComplete", request);
  const { events, status } = await heard(call);
  expect(status).toBe("14 STREAM_INTERRUPTED");
  const token = tokenOf(events);
  await written(redis, token);
  using again = new RawCall(other.url, "StreamComplete", { resume: { token, afterSequence: 0 } });
  const copy = await heard(again);
  expect(bytesOf(copy.events)).toEqual(bytesOf(events));
  const [first, second] = [await call.status(), await again.status()];
  for (const name of ["grpc-status", "grpc-message", "grpc-status-details-bin", "grpc-retry-pushback-ms"]) {
    expect(second[name]).toBe(first[name]);
  }
});

testWithRedis("a stream is its API key's on every replica", async () => {
  const keys = ["one", "other"].map((id) => ({ id, sha256: createHash("sha256").update(`lh_${id}`).digest("hex") }));
  const bearer = (id: string) => ({ authorization: `Bearer lh_${id}` });
  await using redis = await RedisServer.start();
  await using upstream = await PacedUpstream.start();
  const sections = sharing(upstream, redis, { auth: { mode: "keys", keys } });
  await using one = await TestGateway.start(sections);
  await using other = await TestGateway.start(sections);
  upstream.say("one ");
  upstream.finish();
  using call = new RawCall(one.url, "StreamComplete", request, bearer("one"));
  const token = tokenOf((await heard(call)).events);
  await written(redis, token);
  const refused = { events: [], status: "5 RESUME_TOKEN_INVALID" };
  expect(await resumed(other.url, { token, afterSequence: 0 }, bearer("other"))).toEqual(refused);
  expect((await resumed(other.url, { token, afterSequence: 0 }, bearer("one"))).status).toBe("0");
});

testWithRedis("who cancels a stream leaves nothing of it in Redis", async () => {
  await using redis = await RedisServer.start();
  await using upstream = await PacedUpstream.start();
  await using one = await TestGateway.start(sharing(upstream, redis));
  upstream.say("one ");
  const { token } = await broken(one, 3);
  while ((await redis.client.exists(`llmhub:stream:{${token}}`)) === 0);
  using call = new RawCall(one.url, "StreamComplete", { resume: { token, afterSequence: 0 } });
  for await (const _ of call.events()) break;
  call.stream.close(8);
  await upstream.upstream.closed();
  while ((await redis.client.keys("*")).length > 0);
});

testWithRedis("without Redis, streams go on where they are, and elsewhere the caller is told", async () => {
  await using redis = await RedisServer.start();
  await using upstream = await PacedUpstream.start();
  await using one = await TestGateway.start(sharing(upstream, redis));
  await using other = await TestGateway.start(sharing(upstream, redis));
  await redis.kill();
  await until(one, "redis_up", 0);
  await until(other, "redis_up", 0);
  upstream.say("one ");
  const { token } = await broken(one, 3);
  upstream.say("two");
  upstream.finish();
  const elsewhere = await resumed(other.url, { token, afterSequence: 3 });
  expect(elsewhere).toEqual({ events: [], status: "14 GATEWAY_DEPENDENCY_UNAVAILABLE" });
  const { events, status } = await resumed(one.url, { token, afterSequence: 3 });
  expect(status).toBe("0");
  expect(textOf({ events: [...events] })).toBe("two");
});

testWithRedis("a Redis that was away gets the rest of a stream when it is back", async () => {
  await using redis = await RedisServer.start();
  await using upstream = await PacedUpstream.start();
  await using one = await TestGateway.start(sharing(upstream, redis));
  await using other = await TestGateway.start(sharing(upstream, redis));
  upstream.say("one ");
  const { token } = await broken(one, 3);
  while ((await redis.client.exists(`llmhub:stream:{${token}}`)) === 0);
  await redis.kill();
  await until(one, "redis_up", 0);
  upstream.say("two");
  upstream.finish();
  await until(one, "open_streams", 0);
  await redis.run();
  await written(redis, token);
  await until(other, "redis_up", 1);
  const { events, status } = await resumed(other.url, { token, afterSequence: 3 });
  expect(status).toBe("0");
  expect(textOf({ events: [...events] })).toBe("two");
  // It came back empty: what it lost with its memory is not made up.
  expect((await resumed(other.url, { token, afterSequence: 0 })).status).toBe("5 RESUME_TOKEN_INVALID");
});
