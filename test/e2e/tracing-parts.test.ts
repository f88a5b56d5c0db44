import { expect, test } from "vitest";
import { TestGateway } from "../support/gateway.ts";
import { OtlpReceiver } from "../support/otlp-receiver.ts";
import { broken, PacedUpstream, resumed, until } from "./faults/broken-stream.ts";
import { chat, providerAt } from "./faults/dialects.ts";
import { answer, asked as hedged, hedgedWorld } from "./held.ts";
import { type Answer, well } from "./scripted-providers.ts";
import { ofKind, TracingStage, theOne } from "./tracing-stage.ts";

const asked = { model: "a/m", input: "Say hello", temperature: 0 };

test("an answer from the cache tells of the lookup, and no provider", async () => {
  await using at = await TracingStage.start({ a: well }, { cache: { enabled: true } });
  await at.gateway.complete(asked);
  await at.gateway.complete(asked);
  const spans = await at.spans();
  const [hit, ...others] = ofKind(spans, "server").filter((span) => span.attributes["llmhub.cache.status"] === "HIT");
  expect(others).toEqual([]);
  const below = spans.filter(({ parentSpanId }) => parentSpanId === hit?.spanId);
  expect(below.map(({ name, kind }) => [name, kind])).toEqual([["cache lookup", "internal"]]);
  expect(hit?.attributes).toMatchObject({ "llmhub.attempts": 0, "gen_ai.usage.input_tokens": 0 });
  expect(ofKind(spans, "client")).toHaveLength(1);
});

/** A provider that answers once it is told to, and tells when it is asked. */
function patient() {
  const asking = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const answer: Answer = async (connection) => {
    asking.resolve();
    await go.promise;
    await connection.respond(200, chat.whole("Hello"));
  };
  return { answer, asked: asking.promise, go: go.resolve };
}

test("who waits for another that asks the same is linked to it", async () => {
  const provider = patient();
  await using at = await TracingStage.start({ a: provider.answer }, { cache: { enabled: true } });
  const first = at.gateway.complete(asked);
  await provider.asked;
  const second = at.gateway.complete(asked);
  await until(at.gateway, "cache_waiting", 1);
  provider.go();
  await Promise.all([first, second]);
  const spans = await at.spans();
  const parentOfClient = theOne(spans, "client").parentSpanId;
  const [one, other] = ofKind(spans, "server").sort((a) => (a.spanId === parentOfClient ? -1 : 1));
  expect(other?.links).toEqual([{ traceId: one?.traceId, spanId: one?.spanId }]);
  expect(ofKind(spans, "internal").map(({ name }) => name)).toContain("wait for the same call");
});

test("who repeats a key while its call runs is linked to it", async () => {
  const provider = patient();
  await using at = await TracingStage.start({ a: provider.answer });
  const headers = { "idempotency-key": "one" };
  const first = at.gateway.complete(asked, { headers });
  await provider.asked;
  const second = at.gateway.complete(asked, { headers });
  await until(at.gateway, "calls_in_flight", 2);
  provider.go();
  await Promise.all([first, second]);
  const spans = await at.spans();
  const linked = ofKind(spans, "server").filter(({ links }) => links.length > 0);
  expect(linked).toHaveLength(1);
  expect(linked[0]?.links[0]?.spanId).toBe(theOne(spans, "client").parentSpanId);
  expect(linked[0]?.attributes["llmhub.replay"]).toBe(true);
  expect(ofKind(spans, "internal").map(({ name }) => name)).toEqual(["idempotency key", "wait for the first call"]);
});

test("what a limit takes is a span, and so is a wait to be let in", async () => {
  const provider = patient();
  await using at = await TracingStage.start(
    { a: provider.answer },
    {
      limits: [{ scope: "provider", requests: 10, per: "day" }],
      overload: { callsMin: 1, callsMax: 1 },
    },
  );
  const first = at.gateway.complete(asked);
  await provider.asked;
  const second = at.gateway.complete(asked);
  await until(at.gateway, "queued_calls", 1);
  provider.go();
  await Promise.all([first, second]);
  const spans = await at.spans();
  const names = ofKind(spans, "internal").map(({ name, parentSpanId }) => [name, parentSpanId]);
  expect(names.map(([name]) => name)).toEqual(["limit", "limit", "queue"]);
  const queued = spans.find(({ name }) => name === "queue");
  expect(ofKind(spans, "server").map(({ spanId }) => spanId)).toContain(queued?.parentSpanId);
});

test("who takes up a stream is linked to the call that fills it, whose span lasts as long", async () => {
  await using receiver = await OtlpReceiver.start();
  await using upstream = await PacedUpstream.start();
  await using gateway = await TestGateway.start({
    providers: providerAt(upstream.url, chat.kind),
    tracing: { endpoint: receiver.url },
  });
  upstream.say("one ");
  const { token } = await broken(gateway, 3);
  const rest = resumed(gateway.url, { token, afterSequence: 3 });
  await until(gateway, "resumed_streams_total", 1);
  upstream.say("two");
  upstream.finish();
  expect((await rest).status).toBe("0");
  await gateway.drain();
  const [one, other] = ofKind(receiver.spans, "server").sort((a) => (a.links.length === 0 ? -1 : 1));
  expect(other?.links).toEqual([{ traceId: one?.traceId, spanId: one?.spanId }]);
  expect(one?.attributes["gen_ai.response.finish_reasons"]).toEqual(["stop"]);
});

test("what renews a stale answer is a part of the call that got it, with a request of its own", async () => {
  const cache = { enabled: true, ttl: "1ms", staleWhileRevalidate: "1h" };
  await using at = await TracingStage.start({ a: well }, { cache });
  await at.gateway.complete(asked);
  const nowMs = Date.now();
  while (Date.now() < nowMs + 3) await new Promise(setImmediate);
  await at.gateway.complete(asked);
  await until(at.gateway, "upstream_attempts_total", 2);
  const spans = await at.spans();
  const renewal = spans.find(({ name }) => name === "cache renewal");
  const hit = ofKind(spans, "server").find(({ attributes }) => attributes["llmhub.cache.status"] === "HIT");
  expect(renewal).toMatchObject({ kind: "internal", parentSpanId: hit?.spanId });
  expect(renewal?.attributes).toMatchObject({ "gen_ai.operation.name": "chat", "gen_ai.usage.output_tokens": 3 });
  expect(ofKind(spans, "client").map(({ parentSpanId }) => parentSpanId)).toContain(renewal?.spanId);
});

test("a hedge and the slow request that it outran are both told of, and the slow one is no error", async () => {
  await using receiver = await OtlpReceiver.start();
  await using at = await hedgedWorld({}, {}, { tracing: { endpoint: receiver.url } });
  const call = at.gateway.complete(hedged);
  await at.a.next();
  await answer(await at.b.next());
  await call;
  await at.gateway.drain();
  const server = theOne(receiver.spans, "server");
  const told = ofKind(receiver.spans, "client").map(({ attributes, isError, parentSpanId }) => [
    attributes["llmhub.provider"],
    attributes["llmhub.hedge"],
    attributes["error.type"],
    isError,
    parentSpanId,
  ]);
  expect(told.toSorted()).toEqual([
    ["a", undefined, "CANCELLED", false, server.spanId],
    ["b", true, undefined, false, server.spanId],
  ]);
});
