import { expect, test } from "vitest";
import { TestGateway, textOf } from "../support/gateway.ts";
import { broken, PacedUpstream, resumed, until } from "./faults/broken-stream.ts";
import { chat, providerAt } from "./faults/dialects.ts";
import { daily } from "./limited.ts";

/** A gateway with limits, and a stream of it whose caller lost the connection after "one ". */
async function brokenStream(limits: readonly object[]) {
  const upstream = await PacedUpstream.start();
  const gateway = await TestGateway.start({
    providers: { ...providerAt(upstream.url, chat.kind), simulator: {} },
    limits,
  });
  upstream.say("one ");
  const { token } = await broken(gateway, 3);
  return {
    gateway,
    rest: () => resumed(gateway.url, { token, afterSequence: 3 }),
    finish: () => {
      upstream.say("two");
      upstream.finish();
    },
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

test("each reading of a kept stream is a request of its caller, and takes no tokens", async () => {
  await using stream = await brokenStream([
    { scope: "key", requests: 3, tokens: 100, ...daily },
    { scope: "provider", requests: 1, ...daily },
  ]);
  const { gateway } = stream;
  stream.finish();
  await until(gateway, "open_streams", 0);
  const statuses = [];
  for (let i = 0; i < 3; i++) statuses.push((await stream.rest()).status);
  expect(statuses).toEqual(["0", "0", "8 RATE_LIMITED"]);
  expect(await gateway.metric("rate_limited_total", { scope: "key", metric: "requests" })).toBe(1);
  expect(await gateway.metric("resumed_streams_total")).toBe(2);
  expect(await gateway.metric("upstream_attempts_total")).toBe(1);
});

test("who reads on a running stream needs no second place, and who reads one that has ended needs one", async () => {
  await using stream = await brokenStream([{ scope: "ip", concurrent: 1 }]);
  const { gateway } = stream;
  const reading = stream.rest();
  await until(gateway, "orphaned_streams", 0);
  stream.finish();
  const { events, status } = await reading;
  expect([status, textOf({ events: [...events] })]).toEqual(["0", "two"]);
  await until(gateway, "open_streams", 0);
  const leave = new AbortController();
  const other = gateway.stream({ model: "simulator/gpt:first-token-60000", input: "hi" }, { signal: leave.signal });
  await expect.poll(async () => (await stream.rest()).status, { timeout: 5000 }).toBe("8 CONCURRENCY_LIMITED");
  leave.abort();
  await other;
  await expect.poll(async () => (await stream.rest()).status, { timeout: 5000 }).toBe("0");
  // The place was given back at the end.
  expect((await stream.rest()).status).toBe("0");
});

test("a token that is none is refused as ever, and counts", async () => {
  await using gateway = await TestGateway.start({
    providers: { simulator: {} },
    limits: [{ scope: "key", requests: 1, concurrent: 1, ...daily }],
  });
  const wrong = () => resumed(gateway.url, { token: "00000000-0000-4000-8000-000000000000", afterSequence: 0 });
  expect((await wrong()).status).toBe("5 RESUME_TOKEN_INVALID");
  expect((await wrong()).status).toBe("8 RATE_LIMITED");
  expect(await gateway.metric("rejected_calls_total", { reason: "RESUME_TOKEN_INVALID" })).toBe(1);
  expect(await gateway.metric("rejected_calls_total", { reason: "RATE_LIMITED" })).toBe(1);
});
