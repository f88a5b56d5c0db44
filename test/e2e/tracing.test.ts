import { expect, test } from "vitest";
import { chat, streamed } from "./faults/dialects.ts";
import { type Answer, failing, well } from "./scripted-providers.ts";
import { caller, ofKind, TracingStage, theOne } from "./tracing-stage.ts";

const asked = { model: "a/m", input: "a secret prompt", temperature: 0.5, maxOutputTokens: 20 };

const streaming: Answer = async (connection) => {
  await connection.beginEvents();
  await connection.chunk(streamed(chat, "Hello"));
  await connection.lastChunk();
};

test("a unary call over gRPC is a span of the server and one of the client below it, and tells no content", async () => {
  await using at = await TracingStage.start({ a: well });
  await at.gateway.complete(asked);
  const spans = await at.spans();
  expect(spans).toHaveLength(2);
  const server = theOne(spans, "server");
  const client = theOne(spans, "client");
  expect(server).toMatchObject({ name: "llmhub.v1.CompletionService/Complete", parentSpanId: "", isError: false });
  expect(server.attributes).toMatchObject({
    "rpc.system.name": "grpc",
    "rpc.method": "llmhub.v1.CompletionService/Complete",
    "rpc.response.status_code": "OK",
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai-compatible",
    "gen_ai.request.model": "a/m",
    "gen_ai.request.temperature": 0.5,
    "gen_ai.request.max_tokens": 20,
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": 7,
    "gen_ai.usage.output_tokens": 3,
    "llmhub.model": "a/m",
    "llmhub.attempts": 1,
  });
  expect(client).toMatchObject({ name: "chat m", traceId: server.traceId, parentSpanId: server.spanId });
  expect(client.attributes).toMatchObject({
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "m",
    "http.request.method": "POST",
    "http.response.status_code": 200,
    "server.address": "127.0.0.1",
    "server.port": at.portOf("a"),
    "llmhub.provider": "a",
  });
  expect(client.events.map(({ name }) => name)).toEqual(["gen_ai.first_token"]);
  expect(server.resource).toMatchObject({ "service.name": "llmhub" });
  expect(server.tookNanos >= client.tookNanos).toBe(true);
  expect(JSON.stringify(spans, (_, value) => (typeof value === "bigint" ? "" : value))).not.toMatch(/secret|Hello/);
});

test("the span of a stream ends with the stream, and tells how", async () => {
  await using at = await TracingStage.start({ a: streaming });
  await at.gateway.stream(asked);
  const spans = await at.spans();
  const server = theOne(spans, "server");
  expect(server.attributes).toMatchObject({
    "rpc.method": "llmhub.v1.CompletionService/StreamComplete",
    "rpc.response.status_code": "OK",
    "gen_ai.request.stream": true,
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.output_tokens": 3,
  });
  expect(server.events.map(({ name }) => name)).toEqual(["gen_ai.first_token"]);
  expect(theOne(spans, "client").tookNanos <= server.tookNanos).toBe(true);
});

test("a stream that breaks is an error of both spans", async () => {
  const breaking: Answer = async (connection) => {
    await connection.beginEvents();
    await connection.chunk(chat.preamble, chat.text("Hel"));
    connection.reset();
  };
  await using at = await TracingStage.start({ a: breaking });
  const { error } = await at.gateway.stream(asked);
  expect(error).toBeDefined();
  const spans = await at.spans();
  const told = { isError: true, attributes: expect.objectContaining({ "error.type": "STREAM_INTERRUPTED" }) };
  expect(theOne(spans, "server")).toMatchObject(told);
  expect(theOne(spans, "server").attributes["rpc.response.status_code"]).toBe("UNAVAILABLE");
  expect(theOne(spans, "client")).toMatchObject(told);
});

test("who leaves ends both spans, and is no error", async () => {
  const { promise: asking, resolve: arrived } = Promise.withResolvers<void>();
  const silent: Answer = async (connection) => {
    arrived();
    await connection.closed;
  };
  await using at = await TracingStage.start({ a: silent });
  const leaving = new AbortController();
  const call = at.gateway.failure(asked, { signal: leaving.signal });
  await asking;
  leaving.abort();
  await call;
  const spans = await at.spans();
  const told = { isError: false, attributes: expect.objectContaining({ "error.type": "CANCELLED" }) };
  expect(spans).toHaveLength(2);
  expect(theOne(spans, "server")).toMatchObject(told);
  expect(theOne(spans, "server").attributes["gen_ai.request.model"]).toBe("a/m");
  expect(theOne(spans, "client")).toMatchObject(told);
});

test("a failover is two requests under one call, and the call tells of it", async () => {
  const policies = { p: { targets: [{ model: "a/m" }, { model: "b/m" }] } };
  await using at = await TracingStage.start({ a: failing(503), b: well }, { models: { policies } });
  await at.gateway.complete({ ...asked, model: "policies/p" }, { headers: caller.headers() });
  const spans = await at.spans();
  const server = theOne(spans, "server");
  expect(server).toMatchObject({ traceId: caller.traceId, parentSpanId: caller.spanId, isError: false });
  expect(server.events).toMatchObject([
    { name: "llmhub.failover", attributes: { "error.type": "PROVIDER_OVERLOADED", "llmhub.model": "b/m" } },
    { name: "gen_ai.first_token" },
  ]);
  const clients = ofKind(spans, "client");
  expect(clients.map(({ parentSpanId }) => parentSpanId)).toEqual([server.spanId, server.spanId]);
  const [failed, answered] = clients[0]?.isError ? clients : clients.toReversed();
  expect(failed?.attributes).toMatchObject({
    "error.type": "PROVIDER_OVERLOADED",
    "http.response.status_code": 503,
    "llmhub.provider": "a",
  });
  expect(answered?.attributes).toMatchObject({ "http.request.resend_count": 1, "llmhub.provider": "b" });
});

test("a stream that begins anew with another target tells of it", async () => {
  const breaking: Answer = async (connection) => {
    await connection.beginEvents();
    await connection.chunk(chat.preamble, chat.text("Hel"));
    connection.reset();
  };
  const policies = { p: { targets: [{ model: "a/m" }, { model: "b/m" }], afterOutput: true } };
  await using at = await TracingStage.start({ a: breaking, b: streaming }, { models: { policies } });
  const { error } = await at.gateway.stream({ ...asked, model: "policies/p" }, { stream: { allowRestart: true } });
  expect(error).toBeUndefined();
  const spans = await at.spans();
  const server = theOne(spans, "server");
  expect(server.events.map(({ name }) => name)).toContain("llmhub.restart");
  expect(server).toMatchObject({ isError: false });
  expect(server.attributes).toMatchObject({ "llmhub.restarts": 1, "llmhub.model": "b/m" });
  expect(
    ofKind(spans, "client")
      .map(({ isError }) => isError)
      .sort(),
  ).toEqual([false, true]);
});

test("a repeat waits in a span of its own", async () => {
  const retry = { maxAttempts: 2, initialBackoff: "1ms", maxBackoff: "1ms" };
  const once: Answer = (connection, hit) => (hit === 1 ? failing(500) : well)(connection, hit);
  await using at = await TracingStage.start({ a: once }, { models: { retry } });
  await at.gateway.complete(asked);
  const spans = await at.spans();
  const server = theOne(spans, "server");
  expect(theOne(spans, "internal")).toMatchObject({ name: "pause before retry", parentSpanId: server.spanId });
  expect(server.events.map(({ name }) => name)).toEqual(["llmhub.retry", "gen_ai.first_token"]);
  expect(
    ofKind(spans, "client")
      .map(({ attributes }) => attributes["http.request.resend_count"])
      .sort(),
  ).toEqual([1, undefined]);
});

test("a call that is refused before it is read is a span, too; a probe is none", async () => {
  await using at = await TracingStage.start(
    { a: well },
    { auth: { mode: "keys", keys: [{ id: "k", sha256: "ab".repeat(32) }] } },
  );
  await at.gateway.failure(asked);
  await fetch(`${at.gateway.url}/health`);
  const server = theOne(await at.spans(), "server");
  expect(server).toMatchObject({ isError: true, name: "llmhub.v1.CompletionService/Complete" });
  expect(server.attributes).toMatchObject({
    "error.type": "CREDENTIALS_MISSING",
    "rpc.response.status_code": "UNAUTHENTICATED",
  });
});

test("histograms show the call to whom asks for exemplars", async () => {
  await using at = await TracingStage.start({ a: streaming });
  await at.gateway.stream(asked);
  const headers = { accept: "application/openmetrics-text; version=1.0.0" };
  const answer = await fetch(`${at.gateway.opsUrl}/metrics`, { headers });
  expect(answer.headers.get("content-type")).toContain("application/openmetrics-text");
  const shown = (await answer.text()).split("\n").filter((line) => line.includes(" # {"));
  const { traceId, spanId } = theOne(await at.spans(), "server");
  const families = shown.map((line) => line.slice(0, line.indexOf("_bucket")));
  expect(new Set(families)).toEqual(
    new Set([
      "llmhub_call_duration_seconds",
      "llmhub_time_to_first_output_seconds",
      "gen_ai_server_request_duration_seconds",
      "gen_ai_server_time_to_first_token_seconds",
      "gen_ai_server_time_per_output_token_seconds",
      "gen_ai_client_operation_duration_seconds",
    ]),
  );
  for (const line of shown) expect(line).toContain(`# {trace_id="${traceId}",span_id="${spanId}"} `);
});
