import { expect, test } from "vitest";
import { TestGateway } from "../../support/gateway.ts";
import { ScriptedUpstream, trickle, type UpstreamConnection } from "../../support/scripted-upstream.ts";
import { chat, dialects, providerAt, request } from "./dialects.ts";
import { before, broken, brokenAfter, faultIn, modes } from "./fault.ts";
import { shortLimits, silences } from "./silences.ts";

const timedOut = (cause: string) => before("Unavailable", "PROVIDER_TIMEOUT", { cause, usage: "estimated" });

for (const dialect of dialects) {
  for (const mode of modes) {
    test.each(silences)(`%s, ${dialect.kind}, ${mode}`, async (_name, play) => {
      await using upstream = await ScriptedUpstream.start(async (connection) => {
        await connection.request();
        await play(connection, dialect);
      });
      const providers = providerAt(upstream.url, dialect.kind, { timeouts: shortLimits[mode] });
      await using gateway = await TestGateway.start({ providers });
      const cause = mode === "unary" ? "total" : "first_output";
      expect(await faultIn(gateway, mode)).toEqual(timedOut(cause));
      await upstream.closed();
      expect(upstream.requests.length).toBe(1);
      expect(await gateway.metric("upstream_attempts_total", { outcome: cause })).toBe(1);
    });
  }

  test.each([
    ["U5: nothing more", async () => undefined],
    ["U6: comments for ever", (connection: UpstreamConnection) => trickle(connection, ": keep-alive\n\n")],
    ["U6: one byte at a time", (connection: UpstreamConnection) => trickle(connection, "d")],
  ] as const)(`%s after output, ${dialect.kind}`, async (_name, play) => {
    await using upstream = await ScriptedUpstream.start(async (connection) => {
      await connection.request();
      await connection.head(200, { "content-type": "text/event-stream" });
      await connection.write(dialect.preamble, dialect.text("Hel"), dialect.text("lo"));
      await play(connection);
    });
    const timeouts = { idle: "100ms", firstOutput: "5s" };
    await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, dialect.kind, { timeouts }) });
    expect(brokenAfter("Hello", await gateway.stream(request))).toEqual(broken("stalled"));
    await upstream.closed();
    expect(upstream.requests.length).toBe(1);
    expect(await gateway.metric("broken_streams_total", { reason: "STREAM_INTERRUPTED" })).toBe(1);
    expect(await gateway.metric("upstream_attempts_total", { outcome: "stalled" })).toBe(1);
    expect(await gateway.metric("usage_estimated_total")).toBe(1);
  });
}

test("a stream that goes on and on ends at the total limit", async () => {
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    await connection.head(200, { "content-type": "text/event-stream" });
    await trickle(connection, chat.text("a"));
  });
  const timeouts = { idle: "5s", firstOutput: "5s", total: "200ms" };
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, chat.kind, { timeouts }) });
  const { events, error } = await gateway.stream(request);
  const text = events.filter(({ event }) => event.case === "partDelta").length;
  expect(brokenAfter("a".repeat(text), { events, ...(error && { error }) })).toEqual(broken("total"));
  await upstream.closed();
});

test("the caller may tighten the limits of a provider", async () => {
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
  });
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, chat.kind) });
  const routing = { firstOutputTimeout: { seconds: 0n, nanos: 40_000_000 } };
  const { error } = await gateway.stream({ ...request, routing });
  expect(error?.message).toContain("within 40 ms");
  await upstream.closed();
});
