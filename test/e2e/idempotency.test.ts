import { Code, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { expect, test } from "vitest";
import { CompletionService } from "../../gen/llmhub/v1/completion_service_pb.ts";
import { EmbeddingService } from "../../gen/llmhub/v1/embedding_service_pb.ts";
import { TestGateway, textOf } from "../support/gateway.ts";
import { by, cachingAt, keyNamed, type Play, tellNumber } from "./cache-stage.ts";
import { broken, PacedUpstream, until } from "./faults/broken-stream.ts";
import { chat, providerAt, request } from "./faults/dialects.ts";
import { faultOf } from "./faults/fault.ts";
import { asked, errorOf, held, keyed, keyedStage, textIn, work } from "./idempotency-stage.ts";

test("a repeat with the key gets the first answer, in every form and over every transport", async () => {
  await using at = await keyedStage();
  const gateway = await at.gateway();
  const first = await gateway.complete(work, keyed("k"));
  const [again, elsewhere, streaming] = [keyed("k"), keyed("k"), keyed("k")];
  const connect = createClient(CompletionService, createConnectTransport({ baseUrl: gateway.url, httpVersion: "1.1" }));

  const repeated = await gateway.complete(work, again);
  const overConnect = await connect.complete(work, elsewhere);
  expect(textIn(first)).toBe("answer 1");
  for (const { createTime: _, ...answer } of [repeated, overConnect]) {
    const { createTime: __, ...same } = first;
    expect(answer).toEqual(same);
  }
  expect(repeated.usage?.inputTokens).toBe(7);
  expect(repeated.createTime).toEqual(overConnect.createTime);

  const streamed = await gateway.stream(work, streaming);
  expect(streamed.events.map(({ event }) => event.case)).toEqual([
    "started",
    "partStarted",
    "partDelta",
    "partFinished",
    "finished",
  ]);
  expect(textOf(streamed)).toBe("answer 1");
  expect(streamed.events[0]?.event.value).toMatchObject({ id: first.id });
  expect(streamed.events.at(-1)?.event.value).toMatchObject({ usage: first.usage, cost: first.cost });

  expect([again, elsewhere, streaming].map(({ isReplay }) => isReplay())).toEqual([true, true, true]);
  expect(at.upstream.requests).toHaveLength(1);
  expect(await gateway.metric("tokens_total")).toBe(10);
  expect(await gateway.metric("calls_total", { code: "OK" })).toBe(4);
  expect(await gateway.metric("idempotency_requests_total", { operation: "complete", result: "replayed" })).toBe(3);
});

test("what came as a stream comes again as a stream, and whole", async () => {
  await using at = await keyedStage();
  const gateway = await at.gateway();
  const first = keyed("k");
  expect(textOf(await gateway.stream(work, first))).toBe("answer 1");
  expect(first.isReplay()).toBe(false);
  expect(textOf(await gateway.stream(work, keyed("k")))).toBe("answer 1");
  expect(textIn(await gateway.complete(work, keyed("k")))).toBe("answer 1");
  expect(at.upstream.requests).toHaveLength(1);
});

test("another request with the key is refused, and so is a value that is no key", async () => {
  await using at = await keyedStage();
  const gateway = await at.gateway();
  await gateway.complete(work, keyed("k"));
  expect(faultOf(await gateway.failure({ ...work, input: "ho" }, keyed("k")))).toMatchObject({
    code: "InvalidArgument",
    reason: "IDEMPOTENCY_KEY_REUSED",
    retry: false,
  });
  for (const key of ["k".repeat(256), "two words", ""]) {
    expect(faultOf(await gateway.failure(work, keyed(key)))).toMatchObject({ reason: "INVALID_REQUEST" });
  }
  expect(at.upstream.requests).toHaveLength(1);
});

test("fifty with one key at the same time are one call", async () => {
  const provider = held();
  await using at = await keyedStage(provider.play);
  const gateway = await at.gateway();
  const calls = Array.from({ length: 50 }, async (_, i) => {
    if (i % 2 === 0) return textIn(await gateway.complete(work, keyed("k")));
    return textOf(await gateway.stream(work, keyed("k")));
  });
  await asked(at, 1);
  provider.open();
  expect(new Set(await Promise.all(calls))).toEqual(new Set(["answer 1"]));
  expect(at.upstream.requests).toHaveLength(1);
  expect(await gateway.metric("tokens_total")).toBe(10);
});

test("who does not want to wait is told that the first call still runs", async () => {
  const provider = held();
  await using at = await keyedStage(provider.play);
  const gateway = await at.gateway({ idempotency: { wait: "0s" } });
  const first = gateway.complete(work, keyed("k"));
  await asked(at, 1);
  const error = await gateway.failure(work, keyed("k"));
  expect(faultOf(error)).toMatchObject({ code: "Aborted", reason: "IDEMPOTENCY_KEY_IN_USE", retry: true });
  provider.open();
  expect(textIn(await first)).toBe("answer 1");
  expect(textIn(await gateway.complete(work, keyed("k")))).toBe("answer 1");
});

test("when the caller of the first call leaves, a repeat is carried out", async () => {
  const provider = held();
  await using at = await keyedStage(provider.play);
  const gateway = await at.gateway();
  const leave = new AbortController();
  const first = errorOf(gateway.complete(work, { ...keyed("k"), signal: leave.signal }));
  await asked(at, 1);
  const second = gateway.complete(work, keyed("k"));
  leave.abort();
  expect((await first).code).toBe(Code.Canceled);
  await asked(at, 2);
  provider.open();
  expect(textIn(await second)).toBe("answer 2");
});

test("a stream that outlives the connection of its caller is the answer of a repeat", async () => {
  await using upstream = await PacedUpstream.start();
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, chat.kind) });
  upstream.say("one ", "two ");
  await broken(gateway, 3, { "idempotency-key": "k" });
  await until(gateway, "orphaned_streams", 1);
  const again = gateway.complete(request, keyed("k"));
  upstream.say("three");
  upstream.finish();
  expect(textIn(await again)).toBe("one two three");
  expect(upstream.upstream.requests).toHaveLength(1);
});

test("nothing is kept of what was refused, or failed and cost nothing", async () => {
  const failing: Play = async (connection, request, number) => {
    if (number > 1) return tellNumber(connection, request, number);
    return connection.respond(500, "{}");
  };
  await using at = await keyedStage(failing);
  const gateway = await at.gateway({ limits: [{ scope: "ip", requests: 3, per: "hour" }] });
  expect(faultOf(await gateway.failure({ ...work, temperature: -1 }, keyed("k"))).reason).toBe("INVALID_REQUEST");
  expect(faultOf(await gateway.failure(work, keyed("k"))).reason).toBe("PROVIDER_UNAVAILABLE");
  expect(textIn(await gateway.complete(work, keyed("k")))).toBe("answer 2");
  expect(textIn(await gateway.complete(work, keyed("k")))).toBe("answer 2");
  // A repeat costs nothing, and counts as a request all the same.
  expect(faultOf(await gateway.failure(work, keyed("k"))).reason).toBe("RATE_LIMITED");
  expect(at.upstream.requests).toHaveLength(2);
});

test("a failure that cost something and that no repeat helps is told again", async () => {
  const breaking: Play = async (connection) => {
    await connection.beginEvents();
    await connection.chunk(chat.preamble, chat.text("Hel"));
    connection.reset();
  };
  await using at = await keyedStage(breaking);
  const gateway = await at.gateway();
  const first = await gateway.stream(work, keyed("k"));
  const again = keyed("k");
  const second = await gateway.stream(work, again);
  expect(faultOf(first.error)).toMatchObject({ reason: "STREAM_INTERRUPTED", usage: "estimated" });
  expect(faultOf(second.error)).toMatchObject({ reason: "STREAM_INTERRUPTED", usage: "none" });
  expect(second.events).toEqual([]);
  expect(at.upstream.requests).toHaveLength(1);
});

test("each API key has keys of its own, and those of one tenant share theirs", async () => {
  await using at = await keyedStage();
  const keys = [keyNamed("alone"), keyNamed("one", "acme"), keyNamed("two", "acme")];
  const gateway = await at.gateway({ auth: { mode: "keys", keys } });
  const said = async (id: string) => textIn(await gateway.complete(work, keyed("k", by(id).headers)));
  expect([await said("alone"), await said("one"), await said("two"), await said("alone")]).toEqual([
    "answer 1",
    "answer 2",
    "answer 2",
    "answer 1",
  ]);
});

test("what a key led to is known after a reload that leads elsewhere", async () => {
  await using at = await keyedStage();
  const config = { models: { aliases: { fast: "up/m-1" } } };
  const gateway = await at.gateway(config);
  const aliased = { ...work, model: "fast" };
  const first = await gateway.complete(aliased, keyed("k"));
  await gateway.reload(cachingAt(at.upstream.url, { cache: {}, models: { aliases: { fast: "up/m-2" } } }));
  const second = await gateway.complete(aliased, keyed("k"));
  expect([textIn(second), second.routing?.model]).toEqual(["answer 1", first.routing?.model]);
});

test("an answer too large to be kept is given once, and its key is refused then", async () => {
  const long: Play = (connection) => connection.respond(200, chat.whole("x".repeat(2000)));
  await using at = await keyedStage(long);
  const gateway = await at.gateway({ idempotency: { entryBytesMax: 1024 } });
  expect(textIn(await gateway.complete(work, keyed("k")))).toHaveLength(2000);
  expect(faultOf(await gateway.failure(work, keyed("k")))).toMatchObject({ reason: "PAYLOAD_TOO_LARGE", retry: false });
  expect(at.upstream.requests).toHaveLength(1);
});

test("vectors come again, in the encoding that is asked for", async () => {
  const embedding: Play = (connection, _, number) =>
    connection.respond(
      200,
      JSON.stringify({
        data: [{ index: 0, embedding: [number, 0.5] }],
        model: "m-1",
        usage: { prompt_tokens: 2, total_tokens: 2 },
      }),
    );
  await using at = await keyedStage(embedding);
  const gateway = await at.gateway();
  const client = createClient(EmbeddingService, gateway.transport);
  const texts = { model: "up/m-1", inputs: ["hi"] };
  const [first, again] = [keyed("k"), keyed("k")];
  const answers = [await client.embed(texts, first), await client.embed(texts, again)];
  expect(answers.map(({ vectors }) => vectors[0]?.values)).toEqual([
    [1, 0.5],
    [1, 0.5],
  ]);
  expect(answers[1]?.usage).toEqual(answers[0]?.usage);
  expect([first.isReplay(), again.isReplay()]).toEqual([false, true]);
  expect(await gateway.metric("tokens_total")).toBe(2);
});
