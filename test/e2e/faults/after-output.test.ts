import { expect, test } from "vitest";
import { type Script, ScriptedUpstream, trickle, type UpstreamConnection } from "../../support/scripted-upstream.ts";
import { asked, beside } from "./beside.ts";
import { type Dialect, dialects } from "./dialects.ts";
import { broken, brokenAfter, type Fault, unreadable } from "./fault.ts";

/** What the provider does once the caller has read the text, and how the stream ends. */
type Break = readonly [
  name: string,
  play: (connection: UpstreamConnection, dialect: Dialect) => unknown,
  fault: Fault,
  outcome: string,
];

const breaks: readonly Break[] = [
  ["U5: silence", () => undefined, broken("stalled"), "stalled"],
  ["U6: comments for ever", (connection) => trickle(connection, "6\r\n: on\n\n\r\n"), broken("stalled"), "stalled"],
  ["U8: a reset", (connection) => connection.reset(), broken("reset"), "reset"],
  [
    "U9: a clean end",
    (connection) => connection.lastChunk().then(() => connection.end()),
    broken("truncated"),
    "truncated",
  ],
  [
    "U11: JSON that is none",
    (connection) => connection.chunk('data: {"cho\n\n'),
    unreadable("bad_json", { outputStarted: true, retry: false }),
    "bad_json",
  ],
  [
    "U12: a line without an end",
    (connection) => connection.chunk(`data: ${"a".repeat(1.1 * 1024 * 1024)}`),
    unreadable("stream_limit", { outputStarted: true, retry: false }),
    "stream_limit",
  ],
  [
    "U14: an error",
    (connection, { overloaded }) => connection.chunk(overloaded),
    broken("provider_overloaded"),
    "provider_overloaded",
  ],
];

/** A stream that says "Hello" and then does this, once the caller has read it. */
async function saying(dialect: Dialect, play: Break[1]) {
  const heard = { text: Promise.withResolvers<void>() };
  const script: Script = async (connection) => {
    await connection.request();
    await connection.beginEvents();
    await connection.chunk(dialect.preamble, dialect.text("Hel"), dialect.text("lo"));
    await heard.text.promise;
    await play(connection, dialect);
  };
  return { upstream: await ScriptedUpstream.start(script), heard };
}

/** Tells the upstream when the whole text has been read. */
function listening(heard: { text: PromiseWithResolvers<void> }) {
  let deltas = 0;
  heard.text = Promise.withResolvers();
  return ({ event }: { event: { case?: string | undefined } }): void => {
    if (event.case === "partDelta" && ++deltas === 2) heard.text.resolve();
  };
}

/** May be kept. */
const certain = { ...asked, temperature: 0 };

for (const dialect of dialects) {
  test.each(breaks)(`%s after output ends the call, and nobody else is asked, ${dialect.kind}`, async (...row) => {
    const [, play, fault, outcome] = row;
    const { upstream: up, heard } = await saying(dialect, play);
    await using _ = up;
    await using both = await beside(up.url, dialect.kind, {
      timeouts: { idle: outcome === "stalled" ? "300ms" : "20s", firstOutput: "20s" },
      retry: { maxAttempts: 5, initialBackoff: "1ms" },
      cache: { enabled: true },
    });
    const { gateway, spare } = both;
    expect(brokenAfter("Hello", await gateway.stream(certain, { onEvent: listening(heard) }))).toEqual(fault);
    await up.closed();
    expect([up.requests.length, spare.requests.length]).toEqual([1, 0]);
    expect(await gateway.metric("broken_streams_total", { reason: fault.reason ?? "" })).toBe(1);
    expect(await gateway.metric("upstream_attempts_total", { provider: "up", outcome })).toBe(1);
    expect(await gateway.metric("upstream_attempts_total")).toBe(1);
    expect(await gateway.metric("usage_estimated_total", { provider: "up" })).toBe(1);
    expect(await gateway.metric("tokens_total", { provider: "up", kind: "output" })).toBeGreaterThan(0);
    expect(await gateway.metric("retries_total")).toBe(0);
    // Half an answer is none that could be kept: the next call goes to the provider, too.
    expect(await gateway.metric("cache_entries")).toBe(0);
    expect((await gateway.stream(certain, { onEvent: listening(heard) })).error?.code).toBeDefined();
    expect(up.requests.length).toBe(2);
  });
}
