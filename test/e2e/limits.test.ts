import { Code, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { expect, test } from "vitest";
import { ErrorInfoSchema, QuotaFailureSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { CompletionService } from "../../gen/llmhub/v1/completion_service_pb.ts";
import { EmbeddingService } from "../../gen/llmhub/v1/embedding_service_pb.ts";
import { TestGateway } from "../support/gateway.ts";
import { ScriptedUpstream } from "../support/scripted-upstream.ts";
import { keyNamed } from "./cache-stage.ts";
import { chat, providerAt, request } from "./faults/dialects.ts";
import { admitted, ask, daily, reasons } from "./limited.ts";

const providers = { simulator: {} };
const keys = ["one", "two"].map((id) => keyNamed(id));
const as = (id: string) => ({ headers: { authorization: `Bearer lh_${id}` } });

test("a refusal says who, what, how much and when again", async () => {
  await using gateway = await TestGateway.start({
    providers,
    auth: { mode: "keys", keys },
    limits: [
      { scope: "key", requests: 60, per: "minute" },
      { scope: "key", match: "two", requests: 1, per: "minute" },
    ],
  });
  await gateway.complete(ask, as("two"));
  const error = await gateway.failure(ask, as("two"));
  expect(error.code).toBe(Code.ResourceExhausted);
  expect(error.findDetails(ErrorInfoSchema)[0]).toMatchObject({
    reason: "RATE_LIMITED",
    metadata: { subject: "apiKeys/two", metric: "requests", window: "minute", limit: "1" },
  });
  expect(error.findDetails(QuotaFailureSchema)[0]?.violations[0]).toMatchObject({
    subject: "apiKeys/two",
    quotaMetric: "requests",
    quotaId: "key-requests-per-minute",
    quotaValue: 1n,
  });
  const { seconds = 0n, nanos = 0 } = error.findDetails(RetryInfoSchema)[0]?.retryDelay ?? {};
  const waitMs = Number(seconds) * 1000 + nanos / 1e6;
  expect(waitMs).toBeGreaterThan(30_000);
  expect(waitMs).toBeLessThanOrEqual(60_000);
  expect(error.metadata.get("retry-after")).toBe(String(Math.ceil(waitMs / 1000)));
  expect(error.metadata.get("x-ratelimit-remaining-requests")).toBe("0");
  expect(await gateway.metric("rate_limited_total", { scope: "key", metric: "requests" })).toBe(1);
  expect(await gateway.metric("upstream_attempts_total")).toBe(1);
  // Another key counts for itself, under the limit of its own.
  await gateway.complete(ask, as("one"));
});

const transports = {
  gRPC: (baseUrl: string) => createGrpcTransport({ baseUrl }),
  "gRPC-Web": (baseUrl: string) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
  Connect: (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: "1.1" }),
  "Connect over HTTP/2": (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: "2" }),
};

test.each(Object.entries(transports))("%s: answers and failures tell what is left", async (_, transportTo) => {
  await using gateway = await TestGateway.start({
    providers,
    limits: [
      { scope: "key", requests: 10, ...daily },
      { scope: "provider", requests: 4, ...daily },
      { scope: "ip", tokens: 100_000, ...daily },
    ],
  });
  const transport = transportTo(gateway.url);
  const client = createClient(CompletionService, transport);
  const seen: Headers[] = [];
  const onHeader = (headers: Headers) => void seen.push(headers);
  await client.complete({ ...ask, maxOutputTokens: 50 }, { onHeader });
  const start = { case: "request", value: { ...ask, maxOutputTokens: 50 } } as const;
  for await (const _event of client.streamComplete({ start }, { onHeader }));
  await createClient(EmbeddingService, transport).embed(
    { model: "simulator/embedding", inputs: ["red"] },
    { onHeader },
  );
  expect(seen.map((headers) => headers.get("x-ratelimit-remaining-requests"))).toEqual(["3", "2", "1"]);
  expect(seen.map((headers) => headers.get("x-ratelimit-limit-requests"))).toEqual(["4", "4", "4"]);
  expect(seen[0]?.get("x-ratelimit-reset-requests")).toMatch(/^(\d+h)?(\d+m)?[\d.]+m?s$/);
  expect(seen[0]?.get("x-ratelimit-limit-tokens")).toBe("100000");
  expect(Number(seen[2]?.get("x-ratelimit-remaining-tokens"))).toBeLessThan(100_000);

  const failed = await client.complete({ ...ask, model: "simulator/gpt:500" }).catch((error) => error);
  expect(failed.metadata.get("x-ratelimit-remaining-requests")).toBe("0");
  const refused = await client.complete(ask).catch((error) => error);
  expect([refused.code, refused.metadata.get("retry-after")]).toEqual([Code.ResourceExhausted, expect.any(String)]);
});

test.each([
  ["the hub's own JSON", "/v1/completions", { input: "hi" }],
  ["its streams", "/v1/stream", { input: "hi" }],
  ["OpenAI's", "/v1/chat/completions", { messages: [{ role: "user", content: "hi" }] }],
  ["OpenAI's streams", "/v1/chat/completions", { messages: [{ role: "user", content: "hi" }], stream: true }],
])("plain HTTP, %s: answers and refusals tell what is left", async (_, path, body) => {
  await using gateway = await TestGateway.start({ providers, limits: [{ scope: "key", requests: 1, ...daily }] });
  const post = () =>
    fetch(gateway.url + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: ask.model, ...body }),
    });
  const answer = await post();
  await answer.text();
  const refusal = await post();
  await refusal.text();
  expect([answer.status, answer.headers.get("x-ratelimit-remaining-requests")]).toEqual([200, "0"]);
  expect([refusal.status, refusal.headers.get("x-ratelimit-limit-requests")]).toEqual([429, "1"]);
  expect(Number(refusal.headers.get("retry-after"))).toBeGreaterThan(0);
});

test("tokens are reserved before, and what was not used is given back", async () => {
  await using gateway = await TestGateway.start({ providers, limits: [{ scope: "key", tokens: 1000, ...daily }] });
  const left: number[] = [];
  const complete = (rest: object) =>
    gateway.complete(
      { ...ask, ...rest },
      { onHeader: (headers) => void left.push(Number(headers.get("x-ratelimit-remaining-tokens"))) },
    );
  const { usage } = await complete({ maxOutputTokens: 500 });
  const used = (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0);
  expect(left[0]).toBeLessThan(500);
  await complete({ maxOutputTokens: 100 });
  // What the first call kept is what it used, not what it had reserved.
  expect((left[0] ?? 0) + 400 - used).toBeLessThanOrEqual(left[1] ?? 0);
  expect(left[1]).toBeLessThanOrEqual(900 - used);

  const failure = await gateway.failure({ ...ask, maxOutputTokens: 2000 });
  expect(failure.findDetails(RetryInfoSchema)).toEqual([]);
  expect(failure.findDetails(ErrorInfoSchema)[0]?.metadata).toMatchObject({ metric: "tokens", limit: "1000" });
  // A call without a bound is not refused for what is only assumed of it.
  await using small = await TestGateway.start({ providers, limits: [{ scope: "key", tokens: 100, ...daily }] });
  await small.complete(ask);
});

test("a call that fails at once costs no tokens", async () => {
  await using gateway = await TestGateway.start({ providers, limits: [{ scope: "key", tokens: 1000, ...daily }] });
  for (let i = 0; i < 5; i++) {
    const failure = await gateway.failure({ ...ask, model: "simulator/gpt:503", maxOutputTokens: 900 });
    expect(failure.code).toBe(Code.Unavailable);
  }
  await gateway.complete({ ...ask, maxOutputTokens: 900 });
});

test("a look and a count are not limited", async () => {
  await using gateway = await TestGateway.start({ providers, limits: [{ scope: "ip", requests: 1, ...daily }] });
  for (let i = 0; i < 3; i++) {
    await gateway.complete({ ...ask, validateOnly: true });
    await gateway.client.countTokens({ request: ask });
  }
  expect(await admitted([gateway], 3)).toBe(1);
});

test("places at once are free again when callers leave", async () => {
  let asked = 0;
  const waiting = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    waiting[asked++]?.resolve();
    await connection.closed;
  });
  await using gateway = await TestGateway.start({
    providers: providerAt(upstream.url, chat.kind),
    limits: [{ scope: "provider", concurrent: 1 }],
  });
  const leave = new AbortController();
  const first = gateway.failure(request, { signal: leave.signal });
  await waiting[0]?.promise;
  const refused = await gateway.failure(request);
  expect(refused.findDetails(ErrorInfoSchema)[0]).toMatchObject({
    reason: "CONCURRENCY_LIMITED",
    metadata: { metric: "concurrent", window: "now", limit: "1" },
  });
  leave.abort();
  expect((await first).code).toBe(Code.Canceled);
  await expect.poll(() => gateway.metric("calls_total", { code: "CANCELLED" })).toBe(1);
  const leaveAgain = new AbortController();
  const second = gateway.stream(request, { signal: leaveAgain.signal });
  await waiting[1]?.promise;
  leaveAgain.abort();
  expect((await second).error?.code).toBe(Code.Canceled);
});

test("a limit of a tenant is shared by its keys, and concerns no key without one", async () => {
  const tenanted = [keyNamed("a1", "a"), keyNamed("a2", "a"), keyNamed("b1", "b"), keyNamed("a")];
  await using gateway = await TestGateway.start({
    providers,
    auth: { mode: "keys", keys: tenanted },
    limits: [
      { scope: "tenant", requests: 1, ...daily },
      { scope: "tenant", match: "a", requests: 2, ...daily },
    ],
  });
  await gateway.complete(ask, as("a1"));
  await gateway.complete(ask, as("a2"));
  const refused = await gateway.failure(ask, as("a1"));
  expect(refused.findDetails(ErrorInfoSchema)[0]?.metadata).toMatchObject({ subject: "tenants/a", limit: "2" });
  await gateway.complete(ask, as("b1"));
  expect((await gateway.failure(ask, as("b1"))).code).toBe(Code.ResourceExhausted);
  for (let i = 0; i < 3; i++) await gateway.complete(ask, as("a"));
  expect(await gateway.metric("rate_limited_total", { scope: "tenant", metric: "requests" })).toBe(2);
});

test("behind a proxy that is trusted each caller counts for itself, whatever it says before", async () => {
  const limits = [{ scope: "ip", requests: 1, ...daily }];
  const from = (forwarded: string) => ({ headers: { "x-forwarded-for": forwarded } });
  await using behind = await TestGateway.start({ providers, limits, server: { trustedProxies: ["127.0.0.0/8"] } });
  await behind.complete(ask, from("203.0.113.1"));
  await behind.complete(ask, from("203.0.113.2"));
  const refused = await behind.failure(ask, from("203.0.113.3, 203.0.113.1"));
  expect(refused.findDetails(ErrorInfoSchema)[0]?.metadata).toMatchObject({ subject: "addresses/203.0.113.1" });
  await using open = await TestGateway.start({ providers, limits });
  await open.complete(ask, from("203.0.113.1"));
  expect((await open.failure(ask, from("203.0.113.2"))).code).toBe(Code.ResourceExhausted);
});

test("a reload keeps what is taken, and takes other limits into use", async () => {
  const limited = (requests: number) => ({ providers, limits: [{ scope: "key", requests, ...daily }] });
  await using gateway = await TestGateway.start(limited(2));
  expect(await admitted([gateway], 3)).toBe(2);
  await gateway.reload(limited(5));
  expect(await admitted([gateway], 5)).toBe(3);
  await gateway.reload({ providers });
  expect(await admitted([gateway], 5)).toBe(5);
});

test("calls that lead nowhere count for their key, and for no model", async () => {
  await using gateway = await TestGateway.start({
    providers,
    limits: [
      { scope: "key", requests: 2, ...daily },
      { scope: "model", requests: 1, ...daily },
    ],
  });
  expect((await gateway.failure({ ...ask, model: "nobody/x" })).code).toBe(Code.NotFound);
  expect(await reasons([gateway], 1)).toEqual([""]);
  const refused = await gateway.failure(ask);
  expect(refused.findDetails(ErrorInfoSchema)[0]?.reason).toBe("RATE_LIMITED");
});
