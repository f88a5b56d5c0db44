import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect, type IncomingHttpHeaders } from "node:http2";
import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { StatusSchema } from "../../gen/google/rpc/status_pb.ts";
import { Health, HealthCheckResponse_ServingStatus } from "../../gen/grpc/health/v1/health_pb.ts";
import { TestGateway } from "../support/gateway.ts";
import { chat, providerAt, request } from "./faults/dialects.ts";
import { faultOf } from "./faults/fault.ts";
import { RawCall } from "./faults/raw-call.ts";
import { HeldUpstream } from "./held-upstream.ts";

const one = { callsMax: 1, callsMin: 1, queueWait: "1h" };
const overloaded = { code: "Unavailable", reason: "GATEWAY_OVERLOADED", retry: true };

/** A gateway in front of an upstream that answers when the test says so. */
async function heldGateway(overload: object, rest: object = {}) {
  const upstream = await HeldUpstream.start();
  const gateway = await TestGateway.start({ providers: providerAt(upstream.url, chat.kind), overload, ...rest });
  return {
    upstream,
    gateway,
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

/** Resolves when a metric has a value. */
async function shows(gateway: TestGateway, name: string, value: number): Promise<void> {
  while ((await gateway.metric(name)) !== value);
}

test("a call beyond the limit waits for one to end, and is carried out then", async () => {
  await using at = await heldGateway(one);
  const first = at.gateway.complete(request);
  await at.upstream.asked(1);
  const second = at.gateway.complete(request);
  await shows(at.gateway, "queued_calls", 1);
  expect(await at.gateway.metric("calls_in_flight")).toBe(1);
  expect(at.upstream.inputs).toHaveLength(1);
  at.upstream.answer();
  await first;
  await at.upstream.asked(2);
  at.upstream.answer();
  await second;
  expect(await at.gateway.metric("queue_wait_seconds_count")).toBe(1);
  await shows(at.gateway, "calls_in_flight", 0);
  expect(await at.gateway.metric("shed_calls_total")).toBe(0);
});

/** A gRPC call of which nothing but the headers ever comes. */
async function headersOnly(url: string): Promise<IncomingHttpHeaders> {
  const session = connect(url);
  const stream = session.request({
    ":method": "POST",
    ":path": "/llmhub.v1.CompletionService/Complete",
    "content-type": "application/grpc",
    "x-request-id": "mine",
    te: "trailers",
  });
  const [head] = await once(stream, "response");
  session.destroy();
  return head;
}

function detailsOf(head: IncomingHttpHeaders) {
  const { details } = fromBinary(StatusSchema, Buffer.from(String(head["grpc-status-details-bin"]), "base64"));
  const info = details[0] && anyUnpack(details[0], ErrorInfoSchema);
  const retry = details[1] && anyUnpack(details[1], RetryInfoSchema);
  return { reason: info?.reason, metadata: info?.metadata, retryMs: Number(retry?.retryDelay?.seconds) * 1000 };
}

test("what is shed is shed by its headers, with advice when to come back", async () => {
  await using at = await heldGateway({ ...one, queueMax: 0 });
  const first = at.gateway.complete(request);
  await at.upstream.asked(1);
  const heads = await Promise.all(Array.from({ length: 30 }, () => headersOnly(at.gateway.url)));
  for (const head of heads) {
    expect(head).toMatchObject({ "grpc-status": "14", "x-request-id": "mine" });
    expect(detailsOf(head)).toMatchObject({ reason: "GATEWAY_OVERLOADED", metadata: { cause: "queue_full" } });
  }
  // Callers who were refused together do not come back together.
  expect(new Set(heads.map((head) => head["grpc-retry-pushback-ms"])).size).toBeGreaterThan(5);
  expect(await at.gateway.metric("shed_calls_total", { cause: "queue_full" })).toBe(30);
  expect(await at.gateway.metric("rejected_calls_total", { reason: "GATEWAY_OVERLOADED" })).toBe(30);
  at.upstream.answer();
  await first;
});

test.each([
  ["Connect", "/llmhub.v1.CompletionService/Complete"],
  ["plain HTTP", "/v1/completions"],
])("%s: a call that is shed hears so before its body is read", async (_, path) => {
  await using at = await heldGateway({ ...one, queueMax: 0 });
  const first = at.gateway.complete(request);
  await at.upstream.asked(1);
  const session = connect(at.gateway.url);
  const headers = { ":method": "POST", ":path": path, "content-type": "application/json", "x-request-id": "mine" };
  const [head] = await once(session.request(headers), "response");
  session.destroy();
  expect(head).toMatchObject({
    ":status": 503,
    "x-request-id": "mine",
    "retry-after": expect.stringMatching(/^[12]$/),
  });
  at.upstream.answer();
  await first;
});

test("a call that waits too long for its turn hears so over every transport, and its place is free", async () => {
  await using at = await heldGateway({ ...one, queueWait: "20ms" });
  const first = at.gateway.complete(request);
  await at.upstream.asked(1);
  expect(faultOf(await at.gateway.failure(request))).toMatchObject({ ...overloaded, cause: "queue_wait" });
  const body = JSON.stringify(request);
  for (const path of ["/llmhub.v1.CompletionService/Complete", "/v1/completions"]) {
    const answer = await fetch(at.gateway.url + path, {
      method: "POST",
      headers: { "content-type": "application/json", "x-request-id": "mine" },
      body,
    });
    expect([answer.status, answer.headers.get("x-request-id")]).toEqual([503, "mine"]);
    expect(await answer.text()).toContain("GATEWAY_OVERLOADED");
  }
  expect(await at.gateway.metric("queued_calls")).toBe(0);
  at.upstream.answer();
  await first;
});

test("nobody waits longer than a tenth of its deadline", async () => {
  await using at = await heldGateway(one);
  const first = at.gateway.complete(request);
  await at.upstream.asked(1);
  expect(faultOf(await at.gateway.failure(request, { timeoutMs: 1000 }))).toMatchObject({
    ...overloaded,
    cause: "queue_wait",
  });
  at.upstream.answer();
  await first;
});

test("probes, descriptions and cancels are never shed", async () => {
  await using at = await heldGateway({ ...one, queueMax: 0 });
  using first = new RawCall(at.gateway.url, "Complete", request);
  await at.upstream.asked(1);
  expect(faultOf(await at.gateway.failure(request))).toMatchObject(overloaded);
  const health = createClient(Health, at.gateway.transport);
  expect((await health.check({})).status).toBe(HealthCheckResponse_ServingStatus.SERVING);
  expect((await fetch(`${at.gateway.opsUrl}/readyz`)).status).toBe(200);
  first.stream.close(8);
  await at.upstream.scripted.closed(10_000);
  await shows(at.gateway, "calls_in_flight", 0);
});

test("a call that is cancelled while it waits leaves the queue, and never reaches a provider", async () => {
  await using at = await heldGateway(one);
  const first = at.gateway.complete(request);
  await at.upstream.asked(1);
  const left = new AbortController();
  const second = at.gateway.failure(request, { signal: left.signal });
  await shows(at.gateway, "queued_calls", 1);
  left.abort();
  await second;
  await shows(at.gateway, "queued_calls", 0);
  at.upstream.answer();
  await first;
  await shows(at.gateway, "calls_in_flight", 0);
  expect(at.upstream.inputs).toHaveLength(1);
});

test("L7: a neighbour's flood does not come before the first call of somebody else", async () => {
  const keys = ["noisy-1", "noisy-2", "quiet"].map((id) => ({
    id,
    tenant: id.slice(0, 5),
    sha256: createHash("sha256").update(`lh_${id}`).digest("hex"),
  }));
  await using at = await heldGateway({ ...one, callsMax: 2 }, { auth: { mode: "keys", keys } });
  const call = (id: string) =>
    at.gateway.complete({ ...request, input: id }, { headers: { authorization: `Bearer lh_${id}` } });
  const calls = Array.from({ length: 20 }, (_, i) => call(i % 2 === 0 ? "noisy-1" : "noisy-2"));
  await at.upstream.asked(2);
  await shows(at.gateway, "queued_calls", 18);
  calls.push(call("quiet"));
  await shows(at.gateway, "queued_calls", 19);
  at.upstream.answer();
  await at.upstream.asked(3);
  expect(at.upstream.inputs[2]).toBe("quiet");
  for (let i = 3; i <= 21; i++) {
    at.upstream.answer();
    if (i < 21) await at.upstream.asked(i + 1);
  }
  at.upstream.answer();
  await Promise.all(calls);
});

test("an event loop that stays late lets fewer calls be in flight", async () => {
  await using at = await heldGateway({ callsMin: 1, lateness: "1ms" });
  const first = at.gateway.complete(request);
  await at.upstream.asked(1);
  expect(await at.gateway.metric("calls_in_flight_limit")).toBe(10_000);
  for (let i = 0; i < 12; i++) {
    const end = performance.now() + 30;
    while (performance.now() < end);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await at.gateway.metric("calls_in_flight_limit")).toBeLessThan(100);
  at.upstream.answer();
  await first;
});

test("switched off, as many calls as come are carried out", async () => {
  await using at = await heldGateway({ ...one, queueMax: 0, enabled: false });
  const calls = Array.from({ length: 5 }, () => at.gateway.complete(request));
  for (let i = 1; i <= 5; i++) {
    await at.upstream.asked(i);
    at.upstream.answer();
  }
  await Promise.all(calls);
});
