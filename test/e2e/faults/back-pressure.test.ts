import { constants } from "node:http2";
import { expect, test } from "vitest";
import { textOf as said, TestGateway } from "../../support/gateway.ts";
import { ScriptedUpstream, within } from "../../support/scripted-upstream.ts";
import { heard } from "./broken-stream.ts";
import { dialects, providerAt, request, streamed } from "./dialects.ts";
import { pieceChars, pieces, startPushing, textOf } from "./pushing.ts";
import { RawCall } from "./raw-call.ts";

const mib = 1024 * 1024;

test.each(dialects)(
  "G6: a caller who does not read stops the upstream, and loses nothing, $kind",
  async (dialect) => {
    const { upstream, stalled } = await startPushing(dialect);
    await using disposed = upstream;
    await using gateway = await TestGateway.start({ providers: providerAt(disposed.url, dialect.kind) });
    const before = process.memoryUsage.rss();
    using call = new RawCall(gateway.url, "StreamComplete", request);
    const bytes = await stalled;
    // Buffers of the system hold some MiB on each of the two connections; the gateway itself 256 KiB.
    expect(bytes).toBeLessThan(24 * mib);
    expect(process.memoryUsage.rss() - before).toBeLessThan(96 * mib);
    expect(await gateway.metric("open_streams")).toBe(1);

    let next = 0;
    let text = "";
    let last: string | undefined;
    for await (const { event } of call.events()) {
      last = event.case;
      if (event.case !== "partDelta" || event.value.delta.case !== "text") continue;
      // Deltas may be joined on the way, never dropped or swapped.
      text += event.value.delta.value;
      for (; text.length >= pieceChars; text = text.slice(pieceChars)) expect(text.startsWith(`${next++}:`)).toBe(true);
    }
    expect([next, text, last]).toEqual([pieces, "", "finished"]);
    expect(await gateway.metric("upstream_attempts_total", { outcome: "ok" })).toBe(1);
  },
  60_000,
);

test("G6: an upstream that stalls after its caller has caught up is noticed", async () => {
  const [dialect] = dialects;
  if (dialect === undefined) throw new Error("there is no dialect");
  const pushed = Promise.withResolvers<void>();
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    await connection.head(200, { "content-type": "text/event-stream" });
    await connection.write(dialect.preamble);
    // More than the gateway holds, and less than the system's buffers do.
    for (let number = 0; number < 64; number++) await connection.write(dialect.text(textOf(number)));
    pushed.resolve();
  });
  const timeouts = { idle: "300ms" };
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, dialect.kind, { timeouts }) });
  using call = new RawCall(gateway.url, "StreamComplete", request);
  await pushed.promise;
  // Longer than the limit: silence that the caller causes is not the provider's.
  await within(upstream.closed(60_000), 500).catch(() => undefined);
  expect(upstream.connections[0]?.isClosed).toBe(false);
  expect((await call.status())["grpc-status"]).toBe("14");
  await upstream.closed();
  expect(await gateway.metric("upstream_attempts_total", { outcome: "stalled" })).toBe(1);
});

test.each(dialects)("G6: a window of 0 stops the upstream until its caller leaves, $kind", async (dialect) => {
  const { upstream, stalled } = await startPushing(dialect);
  await using disposed = upstream;
  await using gateway = await TestGateway.start({ providers: providerAt(disposed.url, dialect.kind) });
  using call = new RawCall(gateway.url, "StreamComplete", request, {}, { initialWindowSize: 0 });
  let received = 0;
  call.stream.on("data", (bytes: Buffer) => {
    received += bytes.length;
  });
  expect(await stalled).toBeLessThan(24 * mib);
  expect(await gateway.metric("open_streams")).toBe(1);
  call.stream.close(constants.NGHTTP2_CANCEL);
  await upstream.closed();
  await expect.poll(() => gateway.metric("open_streams")).toBe(0);
  expect(received).toBe(0);
  expect(await gateway.metric("upstream_attempts_total", { outcome: "cancelled" })).toBe(1);
  expect(await gateway.metric("calls_total", { code: "CANCELLED" })).toBe(1);
  expect(upstream.requests.length).toBe(1);
});

test.each(dialects)("G6: a window of 1 byte brings all of an answer, $kind", async (dialect) => {
  const texts = Array.from({ length: 50 }, (_, i) => `${i} of 50, `);
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    await connection.head(200, { "content-type": "text/event-stream" });
    await connection.write(streamed(dialect, ...texts));
    connection.end();
  });
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, dialect.kind) });
  using call = new RawCall(gateway.url, "StreamComplete", request, {}, { initialWindowSize: 1 });
  const { events, status } = await heard(call);
  expect(status).toBe("0");
  expect(said({ events: [...events] })).toBe(texts.join(""));
  expect(events.at(-1)?.event.case).toBe("finished");
});
