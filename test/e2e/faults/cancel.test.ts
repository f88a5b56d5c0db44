import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { TestGateway } from "../../support/gateway.ts";
import { ScriptedUpstream, type UpstreamConnection, within } from "../../support/scripted-upstream.ts";
import { chat, type Dialect, dialects, providerAt, request } from "./dialects.ts";
import { type Fault, faultOf, modes } from "./fault.ts";
import { RawCall } from "./raw-call.ts";

/** How soon an upstream connection must be gone after nobody wants its answer (semantics S10). */
const closedWithinMs = 250;

const beginText = async (connection: UpstreamConnection, { preamble, text }: Dialect) => {
  await connection.head(200, { "content-type": "text/event-stream" });
  await connection.write(preamble, text("Hello"));
};

for (const dialect of dialects) {
  test.each(modes)(
    `S10: a caller who leaves before any output closes the upstream, ${dialect.kind}, %s`,
    async (mode) => {
      const asked = Promise.withResolvers<UpstreamConnection>();
      await using upstream = await ScriptedUpstream.start(async (connection) => {
        await connection.request();
        asked.resolve(connection);
      });
      await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, dialect.kind) });
      const leave = new AbortController();
      const options = { signal: leave.signal };
      const call =
        mode === "unary"
          ? gateway.failure(request, options)
          : gateway.stream(request, options).then(({ error }) => error);
      const { closed } = await asked.promise;
      leave.abort();
      await within(closed, closedWithinMs);
      expect((await call)?.code).toBe(Code.Canceled);
      expect(upstream.requests.length).toBe(1);
      expect(await gateway.metric("calls_total", { code: "CANCELLED" })).toBe(1);
      expect(await gateway.metric("upstream_attempts_total", { outcome: "cancelled" })).toBe(1);
      // The request may have been worked on: it is counted, as an estimate.
      expect(await gateway.metric("usage_estimated_total")).toBe(1);
      expect(await gateway.metric("tokens_total", { kind: "input" })).toBeGreaterThan(0);
      expect(await gateway.metric("open_streams")).toBe(0);
    },
  );

  test(`S10, U27: a caller who leaves a stream closes the upstream, though it sends on, ${dialect.kind}`, async () => {
    const poured = Promise.withResolvers<void>();
    await using upstream = await ScriptedUpstream.start(async (connection) => {
      await connection.request();
      await beginText(connection, dialect);
      const piece = dialect.text("x".repeat(1000));
      while (await connection.write(piece));
      poured.resolve();
    });
    await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, dialect.kind) });
    const leave = new AbortController();
    const left = Promise.withResolvers<void>();
    const { error } = await gateway.stream(request, {
      signal: leave.signal,
      onEvent: ({ event }) => {
        if (event.case !== "partDelta") return;
        leave.abort();
        left.resolve();
      },
    });
    await left.promise;
    await upstream.closed(closedWithinMs);
    await poured.promise;
    expect(error?.code).toBe(Code.Canceled);
    expect(await gateway.metric("calls_total", { code: "CANCELLED" })).toBe(1);
    expect(await gateway.metric("broken_streams_total")).toBe(0);
    expect(await gateway.metric("open_streams")).toBe(0);
    expect(await gateway.metric("usage_estimated_total")).toBe(1);
    const output = await gateway.metric("tokens_total", { kind: "output" });
    expect(output).toBeGreaterThan(0);
    expect(await gateway.metric("tokens_total", { kind: "output" })).toBe(output);
  });
}

test("S10: a caller whose connection breaks has left", async () => {
  const asked = Promise.withResolvers<UpstreamConnection>();
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    asked.resolve(connection);
  });
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, chat.kind) });
  const call = new RawCall(gateway.url, "Complete", request);
  const { closed } = await asked.promise;
  call[Symbol.dispose]();
  await within(closed, closedWithinMs);
});

test("S10: a call that waits for a connection and is cancelled never reaches the provider", async () => {
  const asked = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    for (;;) {
      await connection.request();
      asked.resolve();
      await go.promise;
      await connection.respond(200, chat.whole("Hello"));
    }
  });
  const providers = providerAt(upstream.url, chat.kind, { connectionsMax: 1 });
  await using gateway = await TestGateway.start({ providers });
  const first = gateway.complete(request);
  await asked.promise;
  const leave = new AbortController();
  const second = gateway.failure({ ...request, input: "second" }, { signal: leave.signal });
  const third = gateway.complete({ ...request, input: "third" });
  leave.abort();
  expect((await second).code).toBe(Code.Canceled);
  go.resolve();
  await Promise.all([first, third]);
  expect(upstream.requests.map(({ body }) => body.includes("second"))).toEqual([false, false]);
  expect(upstream.connections.length).toBe(1);
});

const late = (rest: Partial<Fault>): Fault => ({
  code: "DeadlineExceeded",
  reason: "DEADLINE_EXCEEDED",
  cause: undefined,
  retry: false,
  attempts: ["DEADLINE_EXCEEDED"],
  outputStarted: false,
  usage: "estimated",
  ...rest,
});

test.each(["0m", "0S", "999u", "1n"])("S9: a deadline of %s costs no upstream call", async (timeout) => {
  await using upstream = await ScriptedUpstream.start(() => undefined);
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, chat.kind) });
  for (const method of ["Complete", "StreamComplete"] as const) {
    using call = new RawCall(gateway.url, method, request, { "grpc-timeout": timeout });
    expect((await call.status())["grpc-status"]).toBe(String(Code.DeadlineExceeded));
  }
  expect(upstream.connections.length).toBe(0);
  expect(await gateway.metric("rejected_calls_total", { reason: "DEADLINE_EXCEEDED" })).toBe(2);
});

test("S9: a deadline beyond every timer is no deadline", async () => {
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    await connection.respond(200, chat.whole("Hello"));
  });
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, chat.kind) });
  using call = new RawCall(gateway.url, "Complete", request, { "grpc-timeout": "99999999H" });
  expect((await call.status())["grpc-status"]).toBe("0");
});

for (const dialect of dialects) {
  test.each(modes)(`S9: the deadline passes before any output, ${dialect.kind}, %s`, async (mode) => {
    await using upstream = await ScriptedUpstream.start(async (connection) => {
      await connection.request();
      if (mode === "stream") await connection.head(200, { "content-type": "text/event-stream" });
    });
    const server = { limits: { deadlineMax: "200ms" } };
    await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, dialect.kind), server });
    const error = mode === "unary" ? await gateway.failure(request) : (await gateway.stream(request)).error;
    await upstream.closed(closedWithinMs);
    expect(faultOf(error)).toEqual(late({ cause: "provider_first_token" }));
    expect(upstream.requests.length).toBe(1);
    expect(await gateway.metric("calls_total", { code: "DEADLINE_EXCEEDED" })).toBe(1);
  });

  test(`S9: the deadline passes within a stream, ${dialect.kind}`, async () => {
    await using upstream = await ScriptedUpstream.start(async (connection) => {
      await connection.request();
      await beginText(connection, dialect);
    });
    const server = { limits: { deadlineMax: "300ms" } };
    await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, dialect.kind), server });
    const { events, error } = await gateway.stream(request);
    await upstream.closed(closedWithinMs);
    expect(faultOf(error)).toEqual(late({ outputStarted: true }));
    const last = events.at(-1)?.event;
    expect(last?.case === "usage" && last.value.usage?.outputTokens).toBeGreaterThan(0);
    expect(await gateway.metric("calls_total", { code: "DEADLINE_EXCEEDED" })).toBe(1);
    expect(await gateway.metric("open_streams")).toBe(0);
  });
}

test("S9: a caller's own deadline ends the call", async () => {
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
  });
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, chat.kind) });
  using call = new RawCall(gateway.url, "Complete", request, { "grpc-timeout": "100m" });
  const startMs = performance.now();
  expect((await call.status())["grpc-status"]).toBe(String(Code.DeadlineExceeded));
  // Far below the time that a call without a deadline has.
  expect(performance.now() - startMs).toBeLessThan(2000);
  await upstream.closed(closedWithinMs);
});
