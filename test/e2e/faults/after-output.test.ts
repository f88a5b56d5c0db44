import { expect, test } from "vitest";
import { asked, beside } from "./beside.ts";
import { breaks, saying } from "./breaks.ts";
import { dialects } from "./dialects.ts";
import { brokenAfter } from "./fault.ts";

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
