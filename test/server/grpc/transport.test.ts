import { once } from "node:events";
import { gzipSync } from "node:zlib";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  CompleteRequestSchema,
  CompleteResponseSchema,
  StreamCompleteRequestSchema,
  StreamCompleteResponseSchema,
} from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Rpc } from "../../../src/model/call.ts";
import { type Chunk, textDelta } from "../../../src/model/chunk.ts";
import { GatewayError } from "../../../src/model/error.ts";
import { ApiKeys } from "../../../src/server/api-keys.ts";
import { HotEdge, paths } from "./hot-edge.ts";
import { answerOf, envelope, messagesOf, type RawAnswer, RawConnection } from "./raw-call.ts";

const hello = toBinary(CompleteRequestSchema, create(CompleteRequestSchema, { input: "hello" }));
const ask = envelope(hello);
const start = create(StreamCompleteRequestSchema, { start: { case: "request", value: { input: "hello" } } });
const askStream = envelope(toBinary(StreamCompleteRequestSchema, start));

function responseOf({ body }: RawAnswer) {
  const [only] = messagesOf(body);
  return fromBinary(CompleteResponseSchema, only ?? Buffer.alloc(0));
}

/** Texts of the deltas, and the sequence of each event. */
function textsOf({ body }: RawAnswer): [string[], number[]] {
  const events = messagesOf(body).map((bytes) => fromBinary(StreamCompleteResponseSchema, bytes));
  const texts = events.map(({ event }) => (event.case === "partDelta" ? String(event.value.delta.value) : event.case));
  return [texts.map(String), events.map(({ sequence }) => sequence)];
}

test("a unary call is headers, one message, trailers", async () => {
  await using edge = await HotEdge.start();
  await using connection = new RawConnection(edge.url);
  const answer = await connection.call(paths.complete, ask, { "x-request-id": "r-1" });
  expect(answer.headers).toMatchObject({
    ":status": 200,
    "content-type": "application/grpc+proto",
    "x-request-id": "r-1",
  });
  expect(responseOf(answer).id).toBe("hello");
  expect(Object.entries(answer.trailers)).toEqual([["grpc-status", "0"]]);
  expect(answer.headers).not.toBe(answer.trailers);
  expect([answer.resetCode, edge.admission.inFlight, edge.rejected]).toEqual([0, 0, []]);
});

test("a streaming call is one message per event, in order and numbered, then trailers", async () => {
  async function* stream(): AsyncGenerator<readonly Chunk[]> {
    yield [textDelta(0, "a"), textDelta(0, "é")];
    yield [];
    yield [textDelta(0, "c")];
  }
  await using edge = await HotEdge.start({ stream });
  await using connection = new RawConnection(edge.url);
  const answer = await connection.call(paths.stream, askStream);
  expect(textsOf(answer)).toEqual([
    ["a", "é", "c"],
    [1, 2, 3],
  ]);
  expect(answer.trailers["grpc-status"]).toBe("0");
});

test("a stream without events still ends as a stream", async () => {
  await using edge = await HotEdge.start();
  await using connection = new RawConnection(edge.url);
  const { headers, trailers, body } = await connection.call(paths.stream, askStream);
  expect([headers[":status"], trailers["grpc-status"], body.length]).toEqual([200, "0", 0]);
});

test("a failure before anything was sent comes in the headers, later in the trailers", async () => {
  const fault = () => new GatewayError("PROVIDER_OVERLOADED", "busy");
  async function* stream(rpc: Rpc): AsyncGenerator<readonly Chunk[]> {
    if (rpc.requestId === "late") yield [textDelta(0, "a")];
    throw fault();
  }
  await using edge = await HotEdge.start({ stream, complete: () => Promise.reject(fault()) });
  await using connection = new RawConnection(edge.url);
  for (const [path, body] of [
    [paths.complete, ask],
    [paths.stream, askStream],
  ] as const) {
    const early = await connection.call(path, body);
    expect(early.trailers).toBe(early.headers);
    expect(early.headers).toMatchObject({ "grpc-status": "14", "grpc-retry-pushback-ms": "2000", "retry-after": "2" });
    expect(early.info?.reason).toBe("PROVIDER_OVERLOADED");
  }
  const late = await connection.call(paths.stream, askStream, { "x-request-id": "late" });
  expect(late.headers["grpc-status"]).toBeUndefined();
  expect(textsOf(late)[0]).toEqual(["a"]);
  expect([late.trailers["grpc-status"], late.info?.reason]).toEqual(["14", "PROVIDER_OVERLOADED"]);
  expect(edge.rejected).toEqual([]);
});

test("what is no GatewayError is INTERNAL without its message", async () => {
  await using edge = await HotEdge.start({ complete: () => Promise.reject(new TypeError("canary")) });
  await using connection = new RawConnection(edge.url);
  const { trailers, info } = await connection.call(paths.complete, ask);
  expect([trailers["grpc-status"], info?.reason]).toEqual(["13", "INTERNAL"]);
  expect(JSON.stringify(trailers)).not.toContain("canary");
});

test("an answer above the limit is PAYLOAD_TOO_LARGE", async () => {
  const complete = async () => create(CompleteResponseSchema, { id: "x".repeat(2000) });
  await using edge = await HotEdge.start({ complete, limits: { responseBytesMax: 1000 } });
  await using connection = new RawConnection(edge.url);
  const { body, info } = await connection.call(paths.complete, ask);
  expect([body.length, info?.reason, info?.metadata]).toEqual([0, "PAYLOAD_TOO_LARGE", { limitBytes: "1000" }]);
});

test.each<[string, Buffer, Record<string, string>]>([
  ["a compressed request", envelope(gzipSync(hello), 1), { "grpc-encoding": "gzip" }],
  ["JSON over gRPC", envelope(Buffer.from('{"input":"hello"}')), { "content-type": "application/grpc+json" }],
])("%s goes the general way", async (_, body, headers) => {
  await using edge = await HotEdge.start();
  await using connection = new RawConnection(edge.url);
  const answer = await connection.call(paths.complete, body, headers);
  expect([answer.headers[":status"], answer.trailers["grpc-status"]]).toEqual([200, "0"]);
  const [message = Buffer.alloc(0)] = messagesOf(answer.body);
  expect(message.toString("latin1")).toContain("general");
});

test("identity is no compression", async () => {
  await using edge = await HotEdge.start();
  await using connection = new RawConnection(edge.url);
  const headers = { "grpc-encoding": "identity", "content-type": "application/grpc+proto" };
  const answer = await connection.call(paths.complete, ask, headers);
  expect(responseOf(answer)).toMatchObject({ id: "hello", nativeFinishReason: "" });
});

test("another content type is refused as HTTP, an unknown method as gRPC", async () => {
  await using edge = await HotEdge.start();
  await using connection = new RawConnection(edge.url);
  const wrong = await connection.call(paths.complete, ask, { "content-type": "text/plain" });
  expect(wrong.headers[":status"]).toBe(415);
  const unknown = await connection.call("/llmhub.v1.CompletionService/Compleet", ask);
  expect([unknown.headers[":status"], unknown.trailers["grpc-status"]]).toEqual([200, "12"]);
  expect(unknown.info).toMatchObject({
    reason: "FEATURE_DISABLED",
    metadata: { feature: "llmhub.v1.CompletionService/Compleet" },
  });
});

test("a caller without a key is refused before its message is read", async () => {
  const keys = new ApiKeys([], Date.now);
  await using edge = await HotEdge.start({ admission: { keys: () => keys } });
  await using connection = new RawConnection(edge.url);
  const stream = connection.open(paths.complete);
  const { headers, info, resetCode } = await answerOf(stream);
  expect([headers["grpc-status"], info?.reason, resetCode]).toEqual(["16", "CREDENTIALS_MISSING", 0]);
  expect(edge.rejected).toMatchObject([{ rejection: { keyId: "", requestId: headers["x-request-id"] } }]);
});

test.each([
  ["20m", "4", "DEADLINE_EXCEEDED"],
  ["0m", "4", "DEADLINE_EXCEEDED"],
  ["soon", "3", "INVALID_REQUEST"],
])("grpc-timeout %s ends a silent call", async (timeout, status, reason) => {
  const silent = new Promise<never>(() => undefined);
  await using edge = await HotEdge.start({ complete: () => silent });
  await using connection = new RawConnection(edge.url);
  const { trailers, info } = await connection.call(paths.complete, ask, { "grpc-timeout": timeout });
  expect([trailers["grpc-status"], info?.reason]).toEqual([status, reason]);
  expect(edge.admission.inFlight).toBe(0);
});

test("the deadline cuts a stream that has begun, and its source is told", async () => {
  let signal: AbortSignal | undefined;
  async function* stream(rpc: Rpc): AsyncGenerator<readonly Chunk[]> {
    signal = rpc.signal;
    yield [textDelta(0, "a")];
    await once(rpc.signal, "abort");
    throw rpc.signal.reason;
  }
  await using edge = await HotEdge.start({ stream });
  await using connection = new RawConnection(edge.url);
  const answer = await connection.call(paths.stream, askStream, { "grpc-timeout": "40m" });
  expect(textsOf(answer)[0]).toEqual(["a"]);
  expect([answer.trailers["grpc-status"], answer.info?.reason]).toEqual(["4", "DEADLINE_EXCEEDED"]);
  expect(signal?.reason).toMatchObject({ reason: "DEADLINE_EXCEEDED" });
});

test("a caller that leaves stops the work", async () => {
  const running = Promise.withResolvers<AbortSignal>();
  const complete = async ({ signal }: Rpc): Promise<never> => {
    running.resolve(signal);
    await once(signal, "abort");
    throw signal.reason;
  };
  await using edge = await HotEdge.start({ complete: (_, rpc) => complete(rpc) });
  await using connection = new RawConnection(edge.url);
  const call = connection.open(paths.complete);
  call.end(ask);
  const signal = await running.promise;
  const aborted = once(signal, "abort");
  call.close(8);
  await aborted;
  expect(signal.reason).toMatchObject({ reason: "CANCELLED" });
  expect(edge.admission.inFlight).toBe(0);
});

test("G6: a caller that does not read is not written to without end", async () => {
  let batches = 0;
  const returned = Promise.withResolvers<void>();
  const stream = (): AsyncIterableIterator<readonly Chunk[]> => ({
    [Symbol.asyncIterator]: stream,
    next: async () => ({ done: false, value: [textDelta(batches++ % 2, "x".repeat(10_000))] }),
    return: async () => {
      returned.resolve();
      return { done: true, value: undefined };
    },
  });
  await using edge = await HotEdge.start({ stream, limits: { writeStallMs: 50 } });
  await using connection = new RawConnection(edge.url);
  const call = connection.open(paths.stream);
  call.end(askStream);
  await once(call, "response");
  // Never read: the window of HTTP/2 fills, then the stream's own buffer, and the stall limit ends the call.
  await returned.promise;
  expect(batches).toBeLessThan(100);
  await answerOf(call);
  expect(call.rstCode).toBe(8);
  expect(edge.admission.inFlight).toBe(0);
});

test("a caller that does not read an answer which came late is cut off, too", async () => {
  const held = Promise.withResolvers<void>();
  const complete = async () => {
    await held.promise;
    return create(CompleteResponseSchema, { id: "x".repeat(1000) });
  };
  await using edge = await HotEdge.start({ complete, limits: { writeStallMs: 50, bodyTimeoutMs: 20 } });
  await using connection = new RawConnection(edge.url, { initialWindowSize: 0 });
  const call = connection.open(paths.complete);
  call.end(ask);
  // That the message of another, later call has taken too long shows how late it is.
  const slow = await answerOf(connection.open(paths.complete));
  expect(slow.info?.reason).toBe("DEADLINE_EXCEEDED");
  held.resolve();
  const { headers, resetCode } = await answerOf(call);
  expect([headers[":status"], resetCode]).toEqual([200, 8]);
});

test("a caller that leaves no room even for the end of an answer is cut off, too", async () => {
  await using edge = await HotEdge.start({ limits: { writeStallMs: 50 } });
  await using connection = new RawConnection(edge.url, { initialWindowSize: 0 });
  const call = connection.open(paths.stream);
  call.end(askStream);
  expect((await answerOf(call)).resetCode).toBe(8);
});

test.each([
  ["the deadline", { "grpc-timeout": "40m" }, 10_000],
  ["the time for its message", {}, 40],
])("a call of the general way whose message does not come is reset at %s", async (_, headers, bodyTimeoutMs) => {
  await using edge = await HotEdge.start({ limits: { bodyTimeoutMs } });
  await using connection = new RawConnection(edge.url);
  const call = connection.open(paths.complete, { "content-type": "application/grpc-web+proto", ...headers });
  call.write(ask.subarray(0, 7));
  expect((await answerOf(call)).resetCode).toBe(8);
  expect(edge.admission.inFlight).toBe(0);
});
