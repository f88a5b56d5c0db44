import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { type TestGateway, textOf } from "../support/gateway.ts";
import { ask, by, keysFor, type Play, stage, tellNumber } from "./cache-stage.ts";
import { chat, streamed } from "./faults/dialects.ts";
import { faultOf } from "./faults/fault.ts";

/** A provider that answers none of its calls before it is told to. */
function held(play: Play = tellNumber) {
  const gate = Promise.withResolvers<void>();
  const held: Play = async (...at) => {
    await gate.promise;
    await play(...at);
  };
  return { play: held, open: gate.resolve };
}

/** Resolves when that many calls wait for another. */
async function waiting(gateway: TestGateway, count: number): Promise<void> {
  while ((await gateway.metric("cache_waiting")) !== count) await new Promise(setImmediate);
}

/** Resolves when the provider has got that many requests. */
async function asked({ upstream }: Awaited<ReturnType<typeof stage>>, count: number): Promise<void> {
  while (upstream.requests.length < count) await new Promise(setImmediate);
}

test("two hundred that ask the same at the same time are answered by one call of the provider", async () => {
  const provider = held();
  await using at = await stage(provider.play);
  const gateway = await at.gateway();
  const calls = Array.from({ length: 200 }, async (_, i) => {
    if (i % 2 === 0) return textOf(await gateway.stream(ask));
    const { message } = await gateway.complete(ask);
    return message?.content[0]?.part.value;
  });
  await waiting(gateway, 199);
  provider.open();
  expect(new Set(await Promise.all(calls))).toEqual(new Set(["answer 1"]));
  expect(at.upstream.requests).toHaveLength(1);
  expect(await gateway.metric("cache_requests_total", { result: "shared" })).toBe(199);
  expect(await gateway.metric("cache_waiting")).toBe(0);
  expect(await gateway.metric("tokens_total")).toBe(10);
  expect(await gateway.metric("calls_total", { code: "OK" })).toBe(200);
});

test("when the one that went ahead leaves, another takes its place", async () => {
  const provider = held();
  await using at = await stage(provider.play);
  const gateway = await at.gateway();
  const leave = new AbortController();
  const first = gateway.failure(ask, { signal: leave.signal });
  await asked(at, 1);
  const others = [gateway.complete(ask), gateway.complete(ask)];
  await waiting(gateway, 2);
  leave.abort();
  expect((await first).code).toBe(Code.Canceled);
  await waiting(gateway, 1);
  provider.open();
  const texts = (await Promise.all(others)).map(({ message }) => message?.content[0]?.part.value);
  expect(texts).toEqual(["answer 2", "answer 2"]);
  expect(at.upstream.requests).toHaveLength(2);
});

test("what an answer cost that its caller gave up is counted once, and beside it that of the one in its place", async () => {
  await using at = await stage(async (connection, request, number) => {
    if (number > 1) return tellNumber(connection, request, number);
    await connection.beginEvents();
    await connection.chunk(chat.preamble, chat.text("half "));
  });
  const gateway = await at.gateway();
  const leave = new AbortController();
  const start = { case: "request", value: { ...ask } } as const;
  const first = gateway.client.streamComplete({ start }, { signal: leave.signal })[Symbol.asyncIterator]();
  await first.next();
  const second = gateway.stream(ask);
  await waiting(gateway, 1);
  leave.abort();
  await first.next().catch(() => undefined);
  expect(textOf(await second)).toBe("answer 2");
  expect(await gateway.metric("upstream_attempts_total")).toBe(2);
  expect(await gateway.metric("usage_estimated_total")).toBe(1);
  expect(await gateway.metric("calls_total", { code: "CANCELLED" })).toBe(1);
  expect(await gateway.metric("calls_total", { code: "OK" })).toBe(1);
  expect(await gateway.metric("tokens_total", { kind: "output" })).toBeGreaterThan(3);
});

test("who waits keeps a deadline of its own, and the call ahead goes on", async () => {
  const provider = held();
  await using at = await stage(provider.play);
  const gateway = await at.gateway();
  const first = gateway.complete(ask);
  await asked(at, 1);
  const late = await gateway.failure(ask, { timeoutMs: 100 });
  expect(late.code).toBe(Code.DeadlineExceeded);
  expect(await gateway.metric("cache_waiting")).toBe(0);
  provider.open();
  expect((await first).message?.content[0]?.part.value).toBe("answer 1");
});

test("an error that lies in the request is everybody's, and what it cost is counted once", async () => {
  const provider = held(async (connection) =>
    connection.respond(400, '{"error":{"message":"no","type":"invalid_request_error"}}'),
  );
  await using at = await stage(provider.play);
  const gateway = await at.gateway();
  const calls = [gateway.failure(ask), gateway.failure(ask), gateway.failure(ask)];
  await waiting(gateway, 2);
  provider.open();
  const reasons = (await Promise.all(calls)).map((error) => faultOf(error).reason);
  expect(reasons).toEqual(Array(3).fill("PROVIDER_INVALID_REQUEST"));
  expect(at.upstream.requests).toHaveLength(1);
  expect(await gateway.metric("upstream_attempts_total")).toBe(1);
});

test("an error that another call may not meet is not shared: the next goes ahead", async () => {
  const provider = held(async (connection, request, number) => {
    if (number === 1) await connection.respond(503, '{"error":{"message":"down"}}');
    else await tellNumber(connection, request, number);
  });
  await using at = await stage(provider.play);
  const gateway = await at.gateway();
  const calls = [gateway.failure(ask), gateway.complete(ask), gateway.complete(ask)] as const;
  await waiting(gateway, 2);
  provider.open();
  const [error, ...answers] = await Promise.all(calls);
  expect(faultOf(error).reason).toBe("PROVIDER_OVERLOADED");
  expect(answers.map(({ message }) => message?.content[0]?.part.value)).toEqual(["answer 2", "answer 2"]);
  expect(at.upstream.requests).toHaveLength(2);
});

test("an answer that is not kept is not shared: each asks for its own", async () => {
  const provider = held(async (connection, _request, number) =>
    connection.respond(200, chat.whole(`answer ${number}`).replace('"stop"', '"length"')),
  );
  await using at = await stage(provider.play);
  const gateway = await at.gateway();
  const calls = [gateway.complete(ask), gateway.complete(ask), gateway.complete(ask)];
  await waiting(gateway, 2);
  provider.open();
  const texts = (await Promise.all(calls)).map(({ message }) => message?.content[0]?.part.value);
  expect(texts.sort()).toEqual(["answer 1", "answer 2", "answer 3"]);
});

test("a caller who reads slowly holds nobody up", async () => {
  const long = "x".repeat(1000);
  await using at = await stage(async (connection) => {
    await connection.beginEvents();
    await connection.chunk(streamed(chat, ...Array<string>(900).fill(long)));
    await connection.lastChunk();
  });
  const gateway = await at.gateway();
  const stop = new AbortController();
  // Reads one event, and then no more: what follows is more than the buffers on the way take.
  const start = { case: "request", value: { ...ask } } as const;
  const slow = gateway.client.streamComplete({ start }, { signal: stop.signal })[Symbol.asyncIterator]();
  await slow.next();
  expect(textOf(await gateway.stream(ask))).toHaveLength(900_000);
  expect(at.upstream.requests).toHaveLength(1);
  stop.abort();
  await slow.next().catch(() => undefined);
});

test("what the cache answers counts as a request of its caller, and takes no tokens", async () => {
  await using at = await stage();
  const gateway = await at.gateway({
    limits: [
      { scope: "key", requests: 4, per: "day" },
      { scope: "key", tokens: 110, per: "day" },
      { scope: "provider", requests: 2, per: "day" },
    ],
  });
  const request = { ...ask, maxOutputTokens: 100 };
  const texts: unknown[] = [];
  for (let i = 0; i < 3; i++) texts.push((await gateway.complete(request)).message?.content[0]?.part.value);
  expect(texts).toEqual(["answer 1", "answer 1", "answer 1"]);
  // Ten tokens were used, so a hundred and one more are too many, but for what is in the cache.
  expect(faultOf(await gateway.failure({ ...request, input: "else" })).reason).toBe("RATE_LIMITED");
  await gateway.complete(request);
  expect(faultOf(await gateway.failure(request)).reason).toBe("RATE_LIMITED");
  expect(await gateway.metric("rate_limited_total", { metric: "tokens" })).toBe(1);
  expect(await gateway.metric("rate_limited_total", { metric: "requests" })).toBe(1);
  expect(at.upstream.requests).toHaveLength(1);
});

test("calls of different keys do not wait for each other", async () => {
  const provider = held();
  await using at = await stage(provider.play);
  const gateway = await at.gateway(keysFor("a", "b"));
  const calls = [gateway.complete(ask, by("a")), gateway.complete(ask, by("b"))];
  await asked(at, 2);
  provider.open();
  await Promise.all(calls);
  expect(await gateway.metric("cache_requests_total", { result: "miss" })).toBe(2);
});
