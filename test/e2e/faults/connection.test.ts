import { expect, test } from "vitest";
import { blackHole } from "../../support/black-hole.ts";
import { TestGateway } from "../../support/gateway.ts";
import { ScriptedUpstream } from "../../support/scripted-upstream.ts";
import { chat, dialects, providerAt, request, streamed, twoCalls } from "./dialects.ts";
import { before, broken, brokenAfter, faultIn, faultOf, modes } from "./fault.ts";

const unavailable = (cause: string, rest = {}) => before("Unavailable", "PROVIDER_UNAVAILABLE", { cause, ...rest });

test.each(modes)("U1: a refused connection, %s", async (mode) => {
  await using gateway = await TestGateway.start({ providers: providerAt("http://127.0.0.1:1", chat.kind) });
  expect(await faultIn(gateway, mode)).toEqual(unavailable("connect"));
  expect(await gateway.metric("upstream_attempts_total", { provider: "up", outcome: "connect" })).toBe(1);
  expect(await gateway.metric("calls_total", { provider: "up", code: "UNAVAILABLE" })).toBe(1);
});

test("U2: a host that answers no SYN costs the connect timeout, not the system's two minutes", async () => {
  await using hole = await blackHole();
  const timeouts = { connect: "100ms" };
  await using gateway = await TestGateway.start({ providers: providerAt(hole.url, chat.kind, { timeouts }) });
  const startMs = performance.now();
  const faults = await Promise.all(modes.map((mode) => faultIn(gateway, mode)));
  expect(faults).toEqual([unavailable("connect_timeout"), unavailable("connect_timeout")]);
  expect(performance.now() - startMs).toBeLessThan(3000);
  expect(await gateway.metric("upstream_attempts_total", { outcome: "connect_timeout" })).toBe(2);
});

test("U23: a name that does not exist", async () => {
  const providers = providerAt("http://no-such-host.invalid", chat.kind);
  await using gateway = await TestGateway.start({ providers });
  expect(await faultIn(gateway, "unary")).toEqual(unavailable("dns"));
});

for (const dialect of dialects) {
  test.each(modes)(
    `U7: a reset before any output is tried once more on a new connection, ${dialect.kind}, %s`,
    async (mode) => {
      await using upstream = await ScriptedUpstream.start(async (connection) => {
        await connection.request();
        if (mode === "stream") {
          await connection.beginEvents();
          await connection.chunk(dialect.preamble);
        }
        connection.reset();
      });
      await using gateway = await TestGateway.start({
        providers: providerAt(upstream.url, dialect.kind),
        models: twoCalls,
      });
      const reason = "PROVIDER_UNAVAILABLE";
      const fault = await faultIn(gateway, mode);
      expect(fault).toEqual(unavailable("reset", { attempts: [reason, reason], usage: "estimated" }));
      expect(upstream.requests.length).toBe(2);
      expect(upstream.connections.length).toBe(2);
      expect(await gateway.metric("upstream_attempts_total", { outcome: "reset" })).toBe(2);
      expect(await gateway.metric("calls_total")).toBe(1);
    },
  );

  test(`U7: a reset and then an answer is an answer, ${dialect.kind}`, async () => {
    await using upstream = await ScriptedUpstream.start(async (connection) => {
      await connection.request();
      if (upstream.requests.length === 1) connection.reset();
      else await connection.respond(200, dialect.whole("Hello"));
    });
    await using gateway = await TestGateway.start({
      providers: providerAt(upstream.url, dialect.kind),
      models: twoCalls,
    });
    const { message, routing } = await gateway.complete(request);
    expect(message?.content[0]?.part.value).toBe("Hello");
    expect(routing?.attemptCount).toBe(2);
  });

  test(`U8: a reset after output, ${dialect.kind}`, async () => {
    await using upstream = await ScriptedUpstream.start(async (connection) => {
      await connection.request();
      await connection.beginEvents();
      await connection.chunk(dialect.preamble, dialect.text("Hel"), dialect.text("lo"));
      await heard.promise;
      connection.reset();
    });
    const heard = Promise.withResolvers<void>();
    await using gateway = await TestGateway.start({
      providers: providerAt(upstream.url, dialect.kind),
      models: twoCalls,
    });
    let events = 0;
    // Started, part started, two deltas.
    const onEvent = () => void (++events === 4 && heard.resolve());
    expect(brokenAfter("Hello", await gateway.stream(request, { onEvent }))).toEqual(broken("reset"));
    expect(upstream.requests.length).toBe(1);
    expect(await gateway.metric("broken_streams_total", { reason: "STREAM_INTERRUPTED" })).toBe(1);
    expect(await gateway.metric("upstream_attempts_total", { outcome: "reset" })).toBe(1);
    expect(await gateway.metric("open_streams")).toBe(0);
  });

  test.each(modes)(
    `U24: a kept connection that the provider closes under the next request is not seen, ${dialect.kind}, %s`,
    async (mode) => {
      const answer = (connection: Parameters<Parameters<typeof ScriptedUpstream.start>[0]>[0]) =>
        mode === "unary"
          ? connection.respond(200, dialect.whole("Hello"))
          : connection.respond(200, streamed(dialect, "Hel", "lo"), { "content-type": "text/event-stream" });
      await using upstream = await ScriptedUpstream.start(async (connection) => {
        await connection.request();
        await answer(connection);
        await connection.bytes();
        connection.reset();
      });
      await using gateway = await TestGateway.start({
        providers: providerAt(upstream.url, dialect.kind),
        models: twoCalls,
      });
      const counts: (number | undefined)[] = [];
      for (let call = 0; call < 2; call++) {
        if (mode === "unary") counts.push((await gateway.complete(request)).routing?.attemptCount);
        else {
          const { events, error } = await gateway.stream(request);
          expect(error).toBeUndefined();
          const last = events.at(-1)?.event;
          if (last?.case === "finished") counts.push(last.value.routing?.attemptCount);
        }
      }
      expect(counts).toEqual([1, 2]);
      expect(upstream.connections.length).toBe(2);
      expect(await gateway.metric("upstream_attempts_total", { outcome: "reset" })).toBe(1);
      expect(await gateway.metric("upstream_attempts_total", { outcome: "ok" })).toBe(2);
      expect(await gateway.metric("retries_total", { provider: "up", to: "repeat" })).toBe(1);
    },
  );
}

test("a response that is no HTTP", async () => {
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    await connection.write("SSH-2.0-OpenSSH_9.9\r\n\r\n");
  });
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, chat.kind) });
  const fault = faultOf(await gateway.failure(request));
  expect(fault).toEqual(before("Internal", "PROVIDER_BAD_RESPONSE", { cause: "garbage", usage: "estimated" }));
  await upstream.closed();
});
