import { expect, test } from "vitest";
import { TestGateway } from "../../support/gateway.ts";
import { ScriptedUpstream } from "../../support/scripted-upstream.ts";
import { chat, providerAt, request } from "./dialects.ts";
import { faultOf } from "./fault.ts";

/** An upstream that breaks every connection as soon as it has read the request. */
function breaking(): Promise<ScriptedUpstream> {
  return ScriptedUpstream.start(async (connection) => {
    await connection.request();
    connection.reset();
  });
}

const reason = "PROVIDER_UNAVAILABLE";

test.each([1, 2, 3])("broken connections are replaced within %i provider calls", async (maxAttempts) => {
  await using up = await breaking();
  const models = { retry: { maxAttempts: 10, initialBackoff: "1ms" } };
  await using gateway = await TestGateway.start({ providers: providerAt(up.url, chat.kind), models });
  const error = await gateway.failure({ ...request, routing: { maxAttempts } });
  expect(faultOf(error).attempts).toEqual(Array(maxAttempts).fill(reason));
  expect(up.requests.length).toBe(maxAttempts);
});

test("S5: replacing broken connections draws from the budget of repeats", async () => {
  await using up = await breaking();
  const models = { retry: { maxAttempts: 2 } };
  const providers = providerAt(up.url, chat.kind);
  await using gateway = await TestGateway.start({ providers, models, health: { breakers: false } });
  const calls = 20;
  for (let i = 0; i < calls; i++) await gateway.failure(request);
  // A tenth of the calls, and three.
  expect(up.requests.length).toBeLessThanOrEqual(calls * 1.1 + 3);
  expect(up.requests.length).toBeGreaterThan(calls);
  expect(await gateway.metric("retries_total", { to: "repeat" })).toBe(up.requests.length - calls);
});
