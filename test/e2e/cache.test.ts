import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { CacheMode, type CompleteResponse, CompletionView, FinishReason } from "../../gen/llmhub/v1/completion_pb.ts";
import { CacheStatus } from "../../gen/llmhub/v1/routing_pb.ts";
import { folded } from "../conformance/replay.ts";
import { textOf } from "../support/gateway.ts";
import { ask, by, cachingAt, keyNamed, keysFor, type Play, stage } from "./cache-stage.ts";
import { chat, streamed } from "./faults/dialects.ts";
import { faultOf } from "./faults/fault.ts";

const { HIT, MISS, BYPASS, UNSPECIFIED } = CacheStatus;

const seen = ({ message, routing }: CompleteResponse) => {
  const part = message?.content[0]?.part;
  return [part?.case === "text" ? part.value : undefined, routing?.cacheStatus];
};

test("what was asked before is answered at once, marked, at no cost, and with the time of its first answer", async () => {
  await using at = await stage();
  const gateway = await at.gateway();
  const first = await gateway.complete(ask);
  const again = await gateway.complete({ ...ask, view: CompletionView.FULL, labels: { team: "x" } });
  expect(seen(first)).toEqual(["answer 1", MISS]);
  expect(seen(again)).toEqual(["answer 1", HIT]);
  expect(first.cost?.total?.amountNanos).toBe(10_000n);
  expect(again).toMatchObject({
    finishReason: FinishReason.STOP,
    nativeFinishReason: "stop",
    usage: { inputTokens: 0, outputTokens: 0 },
    cost: { total: { currencyCode: "USD", amountNanos: 0n }, lines: [] },
    routing: { model: "up/m-1", provider: "up", upstreamModel: "m-1", attemptCount: 0, attempts: [] },
  });
  expect(again.id).not.toBe(first.id);
  expect(again.createTime?.seconds).toBeLessThanOrEqual(first.createTime?.seconds ?? 0n);
  expect(at.upstream.requests).toHaveLength(1);
  expect(await gateway.metric("cache_requests_total", { result: "hit" })).toBe(1);
  expect(await gateway.metric("cache_requests_total", { result: "miss" })).toBe(1);
  expect(await gateway.metric("tokens_total")).toBe(10);
  expect(await gateway.metric("cache_entries")).toBe(1);
  expect(await gateway.metric("cache_bytes")).toBeGreaterThan(0);
});

test("a stream and a whole answer are the same answer, whichever came first", async () => {
  await using at = await stage();
  const gateway = await at.gateway();
  const live = await gateway.stream(ask);
  const replayed = await gateway.stream(ask);
  const unary = await gateway.complete(ask);
  expect(at.upstream.requests).toHaveLength(1);
  expect([textOf(live), textOf(replayed)]).toEqual(["answer 1", "answer 1"]);
  const [once, twice] = [folded(live.events), folded(replayed.events)];
  expect(seen(once)).toEqual(["answer 1", MISS]);
  for (const answer of [twice, unary]) {
    expect(answer).toMatchObject({ message: once.message, finishReason: once.finishReason, warnings: once.warnings });
    expect(seen(answer)).toEqual(["answer 1", HIT]);
  }
  expect(twice.createTime).toEqual(unary.createTime);
  const [started] = replayed.events;
  expect(started?.event).toMatchObject({ case: "started", value: { routing: { cacheStatus: HIT } } });
  expect(replayed.events.map(({ sequence }) => sequence)).toEqual(replayed.events.map((_, i) => i + 1));
  await gateway.complete({ ...ask, input: "else" });
  expect(textOf(await gateway.stream({ ...ask, input: "else" }))).toBe("answer 2");
});

test("a model that would say something else each time is asked each time, unless the request wants it kept", async () => {
  await using at = await stage();
  const gateway = await at.gateway();
  const { temperature: _, ...warm } = ask;
  expect(seen(await gateway.complete(warm))).toEqual(["answer 1", BYPASS]);
  expect(seen(await gateway.complete({ ...warm, temperature: 0.5 }))).toEqual(["answer 2", BYPASS]);
  const kept = { ...warm, cache: { mode: CacheMode.READ_WRITE } };
  expect(seen(await gateway.complete(kept))).toEqual(["answer 3", MISS]);
  expect(seen(await gateway.complete(kept))).toEqual(["answer 3", HIT]);
  expect(await gateway.metric("cache_requests_total", { result: "bypass" })).toBe(2);
});

test("modes of a request: refresh, bypass, only", async () => {
  await using at = await stage();
  const gateway = await at.gateway();
  const wanting = (mode: CacheMode) => ({ ...ask, cache: { mode } });
  const missing = await gateway.failure(wanting(CacheMode.ONLY));
  expect(missing.code).toBe(Code.NotFound);
  expect(faultOf(missing)).toMatchObject({ reason: "CACHE_MISS" });
  expect(at.upstream.requests).toHaveLength(0);
  expect(seen(await gateway.complete(ask))).toEqual(["answer 1", MISS]);
  expect(seen(await gateway.complete(wanting(CacheMode.ONLY)))).toEqual(["answer 1", HIT]);
  expect(seen(await gateway.complete(wanting(CacheMode.BYPASS)))).toEqual(["answer 2", BYPASS]);
  expect(seen(await gateway.complete(ask))).toEqual(["answer 1", HIT]);
  expect(seen(await gateway.complete(wanting(CacheMode.REFRESH)))).toEqual(["answer 3", BYPASS]);
  expect(seen(await gateway.complete(ask))).toEqual(["answer 3", HIT]);
});

test("cache-control says the same over every transport, and the body has the last word", async () => {
  await using at = await stage();
  const gateway = await at.gateway();
  const post = async (control: string, body: object = {}) => {
    const answer = await fetch(`${gateway.url}/llmhub.v1.CompletionService/Complete`, {
      method: "POST",
      headers: { "content-type": "application/json", "cache-control": control },
      body: JSON.stringify({ ...ask, ...body }),
    });
    const { message, routing, code } = JSON.parse(await answer.text());
    return code ?? [message.content[0].text, routing.cacheStatus];
  };
  expect(await post("only-if-cached")).toBe("not_found");
  expect(await post("max-age=60")).toEqual(["answer 1", "CACHE_STATUS_MISS"]);
  expect(await post("Max-Age=60, only-if-cached")).toEqual(["answer 1", "CACHE_STATUS_HIT"]);
  expect(await post("max-age=0")).toEqual(["answer 2", "CACHE_STATUS_BYPASS"]);
  expect(await post("no-cache")).toEqual(["answer 3", "CACHE_STATUS_BYPASS"]);
  expect(await post("no-store, max-age=60")).toEqual(["answer 4", "CACHE_STATUS_BYPASS"]);
  expect(await post("no-store", { cache: { mode: "CACHE_MODE_ONLY" } })).toEqual(["answer 3", "CACHE_STATUS_HIT"]);
  const headers = { "cache-control": "no-store" };
  expect(seen(await gateway.complete(ask, { headers }))).toEqual(["answer 5", BYPASS]);
  expect(textOf(await gateway.stream(ask, { headers }))).toBe("answer 6");
});

test("keys do not notice each other, unless the operator lets them share", async () => {
  await using at = await stage();
  const apart = await at.gateway(keysFor("a", "b"));
  expect(seen(await apart.complete(ask, by("a")))).toEqual(["answer 1", MISS]);
  expect(seen(await apart.complete(ask, by("b")))).toEqual(["answer 2", MISS]);
  expect(seen(await apart.complete(ask, by("a")))).toEqual(["answer 1", HIT]);
  const together = await at.gateway({ ...keysFor("a", "b"), cache: { enabled: true, scope: "shared" } });
  expect(seen(await together.complete(ask, by("a")))).toEqual(["answer 3", MISS]);
  expect(seen(await together.complete(ask, by("b")))).toEqual(["answer 3", HIT]);
});

test("what keys share they share within a tenant, and those without one among themselves", async () => {
  await using at = await stage();
  const keys = [keyNamed("a1", "a"), keyNamed("a2", "a"), keyNamed("b"), keyNamed("c", "c"), keyNamed("d")];
  const gateway = await at.gateway({ auth: { mode: "keys", keys }, cache: { enabled: true, scope: "shared" } });
  expect(seen(await gateway.complete(ask, by("a1")))).toEqual(["answer 1", MISS]);
  expect(seen(await gateway.complete(ask, by("a2")))).toEqual(["answer 1", HIT]);
  expect(seen(await gateway.complete(ask, by("b")))).toEqual(["answer 2", MISS]);
  expect(seen(await gateway.complete(ask, by("c")))).toEqual(["answer 3", MISS]);
  expect(seen(await gateway.complete(ask, by("d")))).toEqual(["answer 2", HIT]);
});

test("a key that may not use the model is refused, whatever is in the cache", async () => {
  await using at = await stage();
  const { auth } = keysFor("a", "b");
  const keys = "keys" in auth && Array.isArray(auth.keys) ? auth.keys : [];
  const gateway = await at.gateway({
    auth: { ...auth, keys: [keys[0], { ...keys[1], models: ["other/*"] }] },
    cache: { enabled: true, scope: "shared" },
  });
  await gateway.complete(ask, by("a"));
  expect((await gateway.failure(ask, by("b"))).code).toBe(Code.PermissionDenied);
});

test("switched off the cache is not there: nothing is kept, and only-if-cached finds nothing", async () => {
  await using at = await stage();
  const gateway = await at.gateway({ cache: {} });
  expect(seen(await gateway.complete(ask))).toEqual(["answer 1", UNSPECIFIED]);
  const wanted = { ...ask, cache: { mode: CacheMode.READ_WRITE } };
  expect(seen(await gateway.complete(wanted))).toEqual(["answer 2", UNSPECIFIED]);
  expect(faultOf(await gateway.failure({ ...ask, cache: { mode: CacheMode.ONLY } })).reason).toBe("CACHE_MISS");
  expect(at.upstream.requests).toHaveLength(2);
});

test("a configuration that is loaded again starts with an empty cache, and can switch it off", async () => {
  await using at = await stage();
  const gateway = await at.gateway();
  await gateway.complete(ask);
  await gateway.reload(cachingAt(at.upstream.url));
  expect(seen(await gateway.complete(ask))).toEqual(["answer 2", MISS]);
  expect(seen(await gateway.complete(ask))).toEqual(["answer 2", HIT]);
  await gateway.reload(cachingAt(at.upstream.url, { cache: {} }));
  expect(seen(await gateway.complete(ask))).toEqual(["answer 3", UNSPECIFIED]);
});

const media = {
  part: { case: "media", value: { source: { case: "uri", value: "https://a.example/x.png" } } },
} as const;

test("an answer to a request with media that is given by address is not kept", async () => {
  await using at = await stage();
  const gateway = await at.gateway();
  const request = { ...ask, messages: [{ content: [media] }], cache: { mode: CacheMode.READ_WRITE } };
  for (const number of [1, 2]) expect(seen(await gateway.complete(request))).toEqual([`answer ${number}`, BYPASS]);
});

const finishing = (reason: string) => chat.whole("cut").replace('"stop"', `"${reason}"`);

const unfit: Record<string, Play> = {
  "an error": async (connection) => connection.respond(500, '{"error":{"message":"down"}}'),
  "an answer that is too long": async (connection) => connection.respond(200, finishing("length")),
  "a filtered answer": async (connection) => connection.respond(200, finishing("content_filter")),
  "an answer without an end": async (connection) => {
    await connection.head(200, { "content-type": "application/json" });
    connection.end();
  },
};

test.each(Object.entries(unfit))("%s is never kept", async (_, play) => {
  await using at = await stage(play);
  const gateway = await at.gateway();
  for (let i = 0; i < 2; i++) await gateway.complete(ask).catch(() => undefined);
  expect(await gateway.metric("cache_requests_total", { result: "miss" })).toBe(2);
  expect(await gateway.metric("cache_entries")).toBe(0);
});

test("a stream that breaks, or that its caller leaves, is never kept", async () => {
  await using at = await stage(async (connection, _request, number) => {
    await connection.beginEvents();
    await connection.chunk(chat.preamble, chat.text("half"));
    if (number === 1) connection.reset();
    // The rest of the second stream never comes.
    if (number === 3) await connection.chunk(streamed(chat, "whole"));
  });
  const gateway = await at.gateway();
  expect(faultOf((await gateway.stream(ask)).error).reason).toBe("STREAM_INTERRUPTED");
  const left = new AbortController();
  const { error } = await gateway.stream(ask, {
    signal: left.signal,
    onEvent: ({ event }) => event.case === "partDelta" && left.abort(),
  });
  expect(error?.code).toBe(Code.Canceled);
  await at.upstream.connections[1]?.closed;
  expect(textOf(await gateway.stream(ask))).toBe("halfwhole");
  expect(at.upstream.requests).toHaveLength(3);
});

test("an answer above the bound passes, and is not kept", async () => {
  const long = "x".repeat(4000);
  await using at = await stage(async (connection) => connection.respond(200, chat.whole(long)));
  const gateway = await at.gateway({ cache: { enabled: true, entryBytesMax: 2048 } });
  for (let i = 0; i < 2; i++) expect(seen(await gateway.complete(ask))).toEqual([long, MISS]);
  expect(at.upstream.requests).toHaveLength(2);
});
