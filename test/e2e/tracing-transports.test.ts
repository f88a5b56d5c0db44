import { createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { expect, test } from "vitest";
import { CompletionService } from "../../gen/llmhub/v1/completion_service_pb.ts";
import { EmbeddingService } from "../../gen/llmhub/v1/embedding_service_pb.ts";
import { type Answer, failing, well } from "./scripted-providers.ts";
import { caller, TracingStage, theOne } from "./tracing-stage.ts";

const request = { model: "a/m", input: "Say hello" };

const transports: Readonly<Record<string, readonly [(baseUrl: string) => Transport, string]>> = {
  // Messages as JSON are none for the hot path.
  "gRPC, the general way": [(baseUrl) => createGrpcTransport({ baseUrl, useBinaryFormat: false }), "grpc"],
  "gRPC-Web over HTTP/1.1": [(baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }), "grpc"],
  "Connect over HTTP/1.1": [(baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1" }), "connectrpc"],
  "Connect over h2c": [(baseUrl) => createConnectTransport({ baseUrl, httpVersion: "2" }), "connectrpc"],
};

test.each(Object.entries(transports))("over %s a call is part of its caller's trace", async (_name, [open, system]) => {
  await using at = await TracingStage.start({ a: well });
  const client = createClient(CompletionService, open(at.gateway.url));
  await client.complete(request, { headers: { ...caller.headers(), tracestate: "vendor=1" } });
  const spans = await at.spans();
  const server = theOne(spans, "server");
  expect(server).toMatchObject({
    traceId: caller.traceId,
    parentSpanId: caller.spanId,
    traceState: "vendor=1",
    isError: false,
  });
  expect(server.attributes).toMatchObject({
    "rpc.system.name": system,
    "rpc.method": "llmhub.v1.CompletionService/Complete",
    "rpc.response.status_code": "OK",
    "gen_ai.usage.input_tokens": 7,
  });
  expect(theOne(spans, "client")).toMatchObject({ traceId: caller.traceId, parentSpanId: server.spanId });
});

function post(url: string, path: string, body: object): Promise<Response> {
  const headers = { "content-type": "application/json", ...caller.headers() };
  return fetch(`${url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
}

test("over the HTTP of other APIs as well, with the status that the caller got", async () => {
  await using at = await TracingStage.start({ a: well });
  const messages = [{ role: "user", content: "Say hello" }];
  await (await post(at.gateway.url, "/v1/chat/completions", { model: "a/m", messages })).text();
  const spans = await at.spans();
  const server = theOne(spans, "server");
  expect(server).toMatchObject({ name: "POST /v1/chat/completions", parentSpanId: caller.spanId, isError: false });
  expect(server.attributes).toMatchObject({
    "http.request.method": "POST",
    "http.route": "/v1/chat/completions",
    "url.scheme": "http",
    "http.response.status_code": 200,
    "gen_ai.operation.name": "chat",
    "gen_ai.usage.output_tokens": 3,
  });
  expect(server.attributes).not.toHaveProperty("rpc.response.status_code");
  expect(theOne(spans, "client").parentSpanId).toBe(server.spanId);
});

test("two answers to one request add up", async () => {
  await using at = await TracingStage.start({ a: well });
  const messages = [{ role: "user", content: "Say hello" }];
  await (await post(at.gateway.url, "/v1/chat/completions", { model: "a/m", messages, n: 2 })).text();
  const spans = await at.spans();
  expect(spans).toHaveLength(3);
  expect(theOne(spans, "server").attributes).toMatchObject({
    "gen_ai.usage.input_tokens": 14,
    "gen_ai.usage.output_tokens": 6,
  });
});

test("a failure over HTTP has its reason and its status", async () => {
  await using at = await TracingStage.start({ a: failing(500) });
  const answer = await post(at.gateway.url, "/v1/messages", {
    model: "a/m",
    max_tokens: 10,
    messages: [{ role: "user", content: "Say hello" }],
  });
  await answer.text();
  const server = theOne(await at.spans(), "server");
  expect(server).toMatchObject({ isError: true, name: "POST /v1/messages" });
  expect(server.attributes).toMatchObject({
    "http.response.status_code": answer.status,
    "error.type": "PROVIDER_UNAVAILABLE",
    "llmhub.attempts": 1,
  });
});

test("embeddings are told of as such", async () => {
  const vectors: Answer = (connection) =>
    connection.respond(
      200,
      JSON.stringify({ data: [{ index: 0, embedding: [1, 2] }], model: "m", usage: { prompt_tokens: 4 } }),
    );
  await using at = await TracingStage.start({ a: vectors });
  const client = createClient(EmbeddingService, at.gateway.transport);
  await client.embed({ model: "a/m", inputs: ["one"] });
  const spans = await at.spans();
  expect(theOne(spans, "client")).toMatchObject({
    name: "embeddings m",
    attributes: expect.objectContaining({ "gen_ai.operation.name": "embeddings", "gen_ai.usage.input_tokens": 4 }),
  });
  expect(theOne(spans, "server").attributes["gen_ai.operation.name"]).toBe("embeddings");
});
