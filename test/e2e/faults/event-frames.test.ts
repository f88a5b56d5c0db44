import { expect, test } from "vitest";
import { delta, ending, event, exception, stop } from "../../protocols/converse/attempt.ts";
import { TestGateway, textOf } from "../../support/gateway.ts";
import { ScriptedUpstream, type UpstreamConnection } from "../../support/scripted-upstream.ts";
import { answerOf, asked, beside, spared } from "./beside.ts";
import { providerKey, request } from "./dialects.ts";
import { broken, brokenAfter, unreadable } from "./fault.ts";

const head = event("messageStart", { role: "assistant" });
const hello = [head, delta(0, { text: "Hel" }), delta(0, { text: "lo" })];
const [stopped = Buffer.alloc(0), metadata = Buffer.alloc(0)] = ending();
const overloaded = exception("serviceUnavailableException", { message: "canary-content" });
const limited = exception("throttlingException", { message: "canary-content" });

/** A frame whose checksum is wrong. */
const damaged = Buffer.from(delta(0, { text: "x" }));
damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;

/** An upstream that sends these frames, and then ends in order, unless it is to break. */
function sending(frames: readonly Buffer[], end: (connection: UpstreamConnection) => void = ended) {
  return ScriptedUpstream.start(async (connection) => {
    await connection.request();
    await connection.beginEvents({ "content-type": "application/vnd.amazon.eventstream" });
    await connection.chunk(Buffer.concat(frames));
    end(connection);
  });
}

function ended(connection: UpstreamConnection): void {
  connection.lastChunk().then(
    () => connection.end(),
    () => undefined,
  );
}

const bedrockAt = (url: string) => ({
  up: { kind: "bedrock", baseUrl: url, apiKey: providerKey, settings: { region: "us-east-1" } },
});

test.each([
  ["U9: the end without a word on why", hello, broken("truncated"), "truncated"],
  ["U9: the end with accounts only", [...hello, stop(0), metadata], broken("truncated"), "truncated"],
  ["U9: half a frame at the end", [...hello, stop(0), stopped.subarray(0, 20)], broken("truncated"), "truncated"],
  [
    "U11: a frame whose checksum is wrong",
    [...hello, damaged],
    unreadable("bad_event_stream", { outputStarted: true, retry: false }),
    "bad_event_stream",
  ],
  ["U14: an exception", [...hello, overloaded], broken("provider_overloaded"), "provider_overloaded"],
] as const)("%s after output ends a stream of AWS, and nobody else is asked", async (_name, frames, fault, outcome) => {
  await using up = await sending(frames);
  await using both = await beside(up.url, "bedrock", { settings: { region: "us-east-1" } });
  expect(brokenAfter("Hello", await both.gateway.stream(asked))).toEqual(fault);
  await up.closed();
  expect([up.requests.length, both.spare.requests.length]).toEqual([1, 0]);
  expect(await both.gateway.metric("upstream_attempts_total", { provider: "up", outcome })).toBe(1);
  expect(await both.gateway.metric("broken_streams_total", { reason: fault.reason ?? "" })).toBe(1);
});

test.each([
  ["U9: a clean end before any output", [head], "PROVIDER_BAD_RESPONSE", "truncated"],
  ["U11: a frame whose checksum is wrong", [head, damaged], "PROVIDER_BAD_RESPONSE", "bad_event_stream"],
  ["U14: an exception as the first event", [head, overloaded], "PROVIDER_OVERLOADED", "provider_overloaded"],
  ["U15: a limit of the rate as the first event", [limited], "PROVIDER_RATE_LIMITED", "provider_rate_limited"],
] as const)("%s of a stream of AWS is not seen", async (_name, frames, reason, outcome) => {
  await using up = await sending(frames);
  await using both = await beside(up.url, "bedrock", { settings: { region: "us-east-1" } });
  expect(await answerOf(both.gateway, "stream")).toMatchObject(spared(reason));
  expect([up.requests.length, both.spare.requests.length]).toEqual([1, 1]);
  expect(await both.gateway.metric("upstream_attempts_total", { provider: "up", outcome })).toBe(1);
});

test("U10: an answer of AWS that said why it ends is complete without its accounts", async () => {
  await using up = await sending([...hello, stop(0), stopped]);
  await using gateway = await TestGateway.start({ providers: bedrockAt(up.url) });
  const answer = await gateway.stream(request);
  expect(answer.error).toBeUndefined();
  expect(textOf(answer)).toBe("Hello");
  expect(await gateway.metric("upstream_unmarked_total", { provider: "up" })).toBe(1);
  expect(await gateway.metric("usage_estimated_total", { provider: "up" })).toBe(1);
});
