import { createHash } from "node:crypto";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { expect, test } from "vitest";
import type { StreamCompleteResponse } from "../../../gen/llmhub/v1/completion_pb.ts";
import { CompletionService } from "../../../gen/llmhub/v1/completion_service_pb.ts";
import { runProgram } from "../../../src/cli/program.ts";
import { FakeShell } from "../../cli/fake-shell.ts";
import { TestGateway, textOf } from "../../support/gateway.ts";
import { within } from "../../support/scripted-upstream.ts";
import { broken, bytesOf, heard, PacedUpstream, readUntil, resumed, tokenOf, until } from "./broken-stream.ts";
import { chat, providerAt, request } from "./dialects.ts";
import { RawCall } from "./raw-call.ts";

/** How soon an upstream connection must be gone after nobody wants its answer (semantics S10). */
const closedWithinMs = 250;

const gatewayAt = ({ url }: PacedUpstream, rest: object = {}) =>
  TestGateway.start({ providers: providerAt(url, chat.kind), ...rest });

const texts = (events: readonly StreamCompleteResponse[]) => textOf({ events: [...events] });

test("a caller that lost its connection gets the rest of the stream, without another upstream call", async () => {
  await using upstream = await PacedUpstream.start();
  await using gateway = await gatewayAt(upstream);
  upstream.say("one ");
  const { events, token } = await broken(gateway, 3);
  expect(token).toMatch(/^[0-9a-f-]{36}$/);
  await until(gateway, "orphaned_streams", 1);
  upstream.say("two ", "three ");
  const rest = resumed(gateway.url, { token, afterSequence: 3 });
  await until(gateway, "orphaned_streams", 0);
  upstream.say("four");
  upstream.finish();
  const { events: more, status } = await rest;
  expect(status).toBe("0");
  const all = [...events, ...more];
  expect(all.map(({ sequence }) => sequence)).toEqual(all.map((_, i) => i + 1));
  expect(texts(all)).toBe("one two three four");
  expect(all.at(-1)?.event.case).toBe("finished");
  const again = await resumed(gateway.url, { token, afterSequence: 0 });
  expect(bytesOf(again.events)).toEqual(bytesOf(all));
  expect(upstream.upstream.requests.length).toBe(1);
  expect(await gateway.metric("resumed_streams_total")).toBe(2);
  expect(await gateway.metric("calls_total", { code: "OK" })).toBe(1);
  expect(await gateway.metric("calls_total")).toBe(1);
  expect(await gateway.metric("open_streams")).toBe(0);
});

test("a stream ends while nobody is there, and is read from any place afterwards", async () => {
  await using upstream = await PacedUpstream.start();
  await using gateway = await gatewayAt(upstream);
  upstream.say("Hel");
  const { events, token } = await broken(gateway, 3);
  upstream.say("lo");
  upstream.finish();
  await until(gateway, "open_streams", 0);
  const whole = await resumed(gateway.url, { token, afterSequence: 0 });
  expect(bytesOf(whole.events.slice(0, 3))).toEqual(bytesOf(events));
  for (let afterSequence = 0; afterSequence <= whole.events.length; afterSequence++) {
    const { events: rest, status } = await resumed(gateway.url, { token, afterSequence });
    expect(status).toBe("0");
    expect(bytesOf(rest)).toEqual(bytesOf(whole.events.slice(afterSequence)));
  }
  const beyond = await resumed(gateway.url, { token, afterSequence: whole.events.length + 1 });
  expect(beyond).toEqual({ events: [], status: "3 INVALID_REQUEST" });
});

test("a stream that was begun over gRPC goes on over Connect", async () => {
  await using upstream = await PacedUpstream.start();
  await using gateway = await gatewayAt(upstream);
  upstream.say("one ");
  const { token } = await broken(gateway, 3);
  upstream.say("two");
  upstream.finish();
  const client = createClient(
    CompletionService,
    createConnectTransport({ baseUrl: gateway.url, httpVersion: "1.1", useBinaryFormat: false }),
  );
  const over = async (value: { token: string; afterSequence: number }) => {
    const events: StreamCompleteResponse[] = [];
    for await (const event of client.streamComplete({ start: { case: "resume", value } })) events.push(event);
    return events;
  };
  const rest = await over({ token, afterSequence: 3 });
  expect(rest[0]?.sequence).toBe(4);
  expect(texts(rest)).toBe("two");
  expect(rest.at(-1)?.event.case).toBe("finished");
  expect(bytesOf(rest)).toEqual(bytesOf((await resumed(gateway.url, { token, afterSequence: 3 })).events));
});

test("a connection that breaks under Connect over HTTP/2 leaves a stream that can be resumed over gRPC", async () => {
  await using upstream = await PacedUpstream.start();
  await using gateway = await gatewayAt(upstream);
  const call = new RawCall(gateway.url, "StreamComplete", request, { "content-type": "application/grpc-web+proto" });
  upstream.say("one ");
  const events = await readUntil(call, 3);
  call[Symbol.dispose]();
  await until(gateway, "orphaned_streams", 1);
  upstream.say("two");
  upstream.finish();
  const { events: rest, status } = await resumed(gateway.url, { token: tokenOf(events), afterSequence: 3 });
  expect(status).toBe("0");
  expect(texts([...events, ...rest])).toBe("one two");
});

test("S10: a caller who cancels closes the upstream at once, and nothing of the stream is kept", async () => {
  await using upstream = await PacedUpstream.start();
  await using gateway = await gatewayAt(upstream);
  upstream.say("one ");
  using call = new RawCall(gateway.url, "StreamComplete", request);
  const token = tokenOf(await readUntil(call, 3));
  call.stream.close(8);
  await upstream.upstream.closed(closedWithinMs);
  const { status } = await resumed(gateway.url, { token, afterSequence: 0 });
  expect(status).toBe("5 RESUME_TOKEN_INVALID");
  expect(await gateway.metric("kept_stream_bytes")).toBe(0);
});

test("S10: a caller who cancels what it resumed closes the upstream at once", async () => {
  await using upstream = await PacedUpstream.start();
  await using gateway = await gatewayAt(upstream);
  upstream.say("one ");
  const { token } = await broken(gateway, 3);
  using call = new RawCall(gateway.url, "StreamComplete", { resume: { token, afterSequence: 0 } });
  await readUntil(call, 3);
  call.stream.close(8);
  await upstream.upstream.closed(closedWithinMs);
  expect(await gateway.metric("kept_stream_bytes")).toBe(0);
  expect(await gateway.metric("orphaned_streams")).toBe(0);
});

test("S10: without a first event there is nothing to resume, and the upstream is closed at once", async () => {
  await using upstream = await PacedUpstream.start();
  await using gateway = await gatewayAt(upstream);
  const call = new RawCall(gateway.url, "StreamComplete", request);
  while (upstream.upstream.requests.length === 0) await new Promise(setImmediate);
  call[Symbol.dispose]();
  await upstream.upstream.closed(closedWithinMs);
});

test("nobody resumes in time: the upstream is closed, and what came is kept with the reason", async () => {
  await using upstream = await PacedUpstream.start();
  await using gateway = await gatewayAt(upstream, { streams: { graceAfterDisconnect: "30ms" } });
  upstream.say("one ");
  const { events, token } = await broken(gateway, 3);
  const [connection] = upstream.upstream.connections;
  await within(connection?.closed ?? Promise.reject(new Error("no connection")), 30 + closedWithinMs);
  await until(gateway, "open_streams", 0);
  expect(await gateway.metric("calls_total", { code: "CANCELLED" })).toBe(1);
  expect(await gateway.metric("orphaned_streams")).toBe(0);
  const { events: kept, status } = await resumed(gateway.url, { token, afterSequence: 0 });
  expect(bytesOf(kept.slice(0, 3))).toEqual(bytesOf(events));
  expect(kept.at(-1)?.event.case).toBe("usage");
  expect(status).toBe("1 CANCELLED");
});

test("a stream is its API key's, and nobody learns that it is there", async () => {
  const sha256 = (secret: string) => createHash("sha256").update(secret).digest("hex");
  const keys = ["one", "other"].map((id) => ({ id, sha256: sha256(`lh_${id}`) }));
  const bearer = (id: string) => ({ authorization: `Bearer lh_${id}` });
  await using upstream = await PacedUpstream.start();
  await using gateway = await gatewayAt(upstream, { auth: { mode: "keys", keys } });
  upstream.say("one ");
  upstream.finish();
  using call = new RawCall(gateway.url, "StreamComplete", request, bearer("one"));
  const token = tokenOf((await heard(call)).events);
  const refused = { events: [], status: "5 RESUME_TOKEN_INVALID" };
  expect(await resumed(gateway.url, { token, afterSequence: 0 }, bearer("other"))).toEqual(refused);
  expect(await resumed(gateway.url, { token: "none", afterSequence: 0 }, bearer("one"))).toEqual(refused);
  expect((await resumed(gateway.url, { token, afterSequence: 0 }, bearer("one"))).status).toBe("0");
});

test("the newest reader has the stream; those before it are ended", async () => {
  await using upstream = await PacedUpstream.start();
  await using gateway = await gatewayAt(upstream);
  upstream.say("one ");
  using first = new RawCall(gateway.url, "StreamComplete", request);
  const token = tokenOf(await readUntil(first, 3));
  using second = new RawCall(gateway.url, "StreamComplete", { resume: { token, afterSequence: 0 } });
  await readUntil(second, 3);
  const ended = second.status();
  const third = resumed(gateway.url, { token, afterSequence: 2 });
  expect((await ended)["grpc-status"]).toBe("1");
  upstream.say("two");
  upstream.finish();
  expect((await first.status())["grpc-status"]).toBe("1");
  const { events, status } = await third;
  expect(status).toBe("0");
  expect(events[0]?.sequence).toBe(3);
  expect(texts(events)).toBe("one two");
  expect(upstream.upstream.requests.length).toBe(1);
});

test("a stream that its provider broke stays broken, and no retry is advised", async () => {
  await using upstream = await PacedUpstream.start();
  await using gateway = await gatewayAt(upstream);
  upstream.say("one ");
  const { token } = await broken(gateway, 3);
  upstream.stop();
  using call = new RawCall(gateway.url, "StreamComplete", { resume: { token, afterSequence: 3 } });
  const { status } = await heard(call);
  expect(status).toBe("14 STREAM_INTERRUPTED");
  expect((await call.status())["grpc-retry-pushback-ms"]).toBe("-1");
});

test("S23: a drain waits for no stream that nobody reads", async () => {
  await using upstream = await PacedUpstream.start();
  await using gateway = await gatewayAt(upstream, { server: { drain: { timeout: "10s" } } });
  upstream.say("one ");
  await broken(gateway, 3);
  await until(gateway, "orphaned_streams", 1);
  await within(gateway.drain(), 2000);
  await upstream.upstream.closed();
});

test("switched off, streams have no token, and who loses the connection has cancelled", async () => {
  await using upstream = await PacedUpstream.start();
  await using gateway = await gatewayAt(upstream, { streams: { resume: false } });
  upstream.say("one ");
  const { token } = await broken(gateway, 3);
  await upstream.upstream.closed(closedWithinMs);
  expect(token).toBe("");
  expect((await resumed(gateway.url, { token: "any", afterSequence: 0 })).status).toBe("12 FEATURE_DISABLED");
});

test("S10: to interrupt `llmhub ask` is to cancel, though its connection ends with it", async () => {
  await using upstream = await PacedUpstream.start();
  await using gateway = await gatewayAt(upstream);
  const shell = new FakeShell();
  shell.onOut = () => void shell.signals.emit("SIGINT");
  upstream.say("one ");
  const asked = runProgram(["ask", "--address", gateway.url, "--model", request.model, request.input], shell);
  expect(await asked).toBe(130);
  await upstream.upstream.closed(closedWithinMs);
  expect(await gateway.metric("orphaned_streams")).toBe(0);
});
