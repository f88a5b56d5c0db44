import fc from "fast-check";
import { expect, test } from "vitest";
import { AttemptOutcome } from "../../../gen/llmhub/v1/routing_pb.ts";
import { blackHole } from "../../support/black-hole.ts";
import { TestGateway } from "../../support/gateway.ts";
import { ScriptedUpstream } from "../../support/scripted-upstream.ts";
import { asked, beside, policies } from "./beside.ts";
import { chat, providerAt } from "./dialects.ts";
import { faultOf } from "./fault.ts";
import { behaving, failing, noTrials } from "./target-health.ts";

/** An upstream that refuses every request so. */
function refusing(status: number, headers = {}, code = ""): Promise<ScriptedUpstream> {
  return ScriptedUpstream.start(async (connection) => {
    for (;;) {
      await connection.request();
      await connection.respond(status, JSON.stringify({ error: { type: code, code, message: "canary" } }), headers);
    }
  });
}

/** How the attempts of a call that the policy answered went, in order. */
async function courseOf(gateway: TestGateway): Promise<[string, AttemptOutcome, string][]> {
  const { routing } = await gateway.complete(asked);
  return (routing?.attempts ?? []).map(({ model, outcome, errorReason }) => [model, outcome, errorReason]);
}

const answered = ["spare/m-1", AttemptOutcome.SUCCEEDED, ""];
const passedOver = (reason: string) => ["up/m-1", AttemptOutcome.SKIPPED, reason];
const skipped = passedOver("NO_HEALTHY_TARGET");
const scopes = ["endpoint", "credential", "model"];
const states = (gateway: TestGateway) =>
  Promise.all(scopes.map((scope) => gateway.metric("breaker_state", { provider: "up", scope })));

test("U1: once five connections were refused, the next target is asked without a sixth", async () => {
  await using both = await beside("http://127.0.0.1:1", chat.kind);
  const { gateway, spare } = both;
  for (let i = 0; i < 5; i++) {
    expect(await courseOf(gateway)).toEqual([["up/m-1", AttemptOutcome.FAILED, "PROVIDER_UNAVAILABLE"], answered]);
  }
  expect(await states(gateway)).toEqual([2, 0, 0]);
  expect(await courseOf(gateway)).toEqual([skipped, answered]);
  expect(await gateway.metric("upstream_attempts_total", { provider: "up", outcome: "connect" })).toBe(5);
  expect(await gateway.metric("upstream_attempts_total", { provider: "up" })).toBe(5);
  expect(spare.requests.length).toBe(6);
});

test("U2: once five connections were not opened in time, the next target is asked without a sixth", async () => {
  await using hole = await blackHole();
  await using both = await beside(hole.url, chat.kind, { timeouts: { connect: "30ms" } });
  const { gateway } = both;
  for (let i = 0; i < 5; i++) await gateway.complete(asked);
  expect(await states(gateway)).toEqual([2, 0, 0]);
  expect(await courseOf(gateway)).toEqual([skipped, answered]);
  expect(await gateway.metric("upstream_attempts_total", { provider: "up", outcome: "connect_timeout" })).toBe(5);
  expect(await gateway.metric("upstream_attempts_total", { provider: "up" })).toBe(5);
});

test("U24: a kept connection that breaks under the next request does not lead elsewhere", async () => {
  await using up = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    await connection.respond(200, chat.whole("Hello"));
    await connection.bytes();
    connection.reset();
  });
  await using both = await beside(up.url, chat.kind);
  const { gateway, spare } = both;
  const first = ["up/m-1", AttemptOutcome.SUCCEEDED, ""];
  expect(await courseOf(gateway)).toEqual([first]);
  expect(await courseOf(gateway)).toEqual([["up/m-1", AttemptOutcome.FAILED, "PROVIDER_UNAVAILABLE"], first]);
  expect([up.connections.length, spare.requests.length]).toEqual([2, 0]);
  expect(await gateway.metric("retries_total", { provider: "up", to: "repeat" })).toBe(1);
  expect(await gateway.metric("retries_total", { to: "other" })).toBe(0);
});

test.each([
  ["U15: 429", 429, { "retry-after": "300" }, "", "PROVIDER_RATE_LIMITED", 290],
  ["U16: 429 for ever", 429, { "retry-after": "1e9" }, "", "PROVIDER_RATE_LIMITED", 590],
  ["U17: no credit", 429, {}, "insufficient_quota", "PROVIDER_QUOTA_EXHAUSTED", 590],
  ["U17: a limit on what is spent", 429, {}, "enforced_spend_limit_reached", "PROVIDER_QUOTA_EXHAUSTED", 590],
])("%s: the target is left alone, its circuits stay closed, and the next answers", async (...row) => {
  const [, status, headers, code, reason, seconds] = row;
  await using up = await refusing(status, headers, code);
  await using both = await beside(up.url, chat.kind);
  const { gateway, spare } = both;
  expect(await courseOf(gateway)).toEqual([["up/m-1", AttemptOutcome.FAILED, reason], answered]);
  for (let i = 0; i < 5; i++) expect(await courseOf(gateway)).toEqual([passedOver(reason), answered]);
  expect([up.requests.length, spare.requests.length]).toEqual([1, 6]);
  expect(await gateway.metric("cooldown_seconds", { provider: "up" })).toBeGreaterThan(seconds);
  expect(await gateway.metric("upstream_attempts_total", { provider: "up", outcome: "429" })).toBe(1);
  expect(await states(gateway)).toEqual([0, 0, 0]);
});

test.each([
  ["300", "200"],
  ["200", "300"],
])("U15: of pauses of %s and %s s the caller hears of the one that ends first", async (first, second) => {
  await using up = await refusing(429, { "retry-after": first });
  await using other = await refusing(429, { "retry-after": second });
  const providers = { ...providerAt(up.url, chat.kind), spare: { kind: chat.kind, baseUrl: `${other.url}/v1` } };
  await using gateway = await TestGateway.start({ providers, models: { policies }, health: noTrials });
  for (let i = 0; i < 2; i++) {
    const error = await gateway.failure(asked);
    expect(faultOf(error)).toMatchObject({ code: "ResourceExhausted", reason: "PROVIDER_RATE_LIMITED", retry: true });
    const seconds = Number(error.metadata.get("retry-after"));
    expect(seconds).toBeGreaterThan(190);
    expect(seconds).toBeLessThanOrEqual(200);
  }
  expect([up.requests.length, other.requests.length]).toEqual([1, 1]);
});

test.each([401, 403])("U19: HTTP %i: the credential is left alone, and the next target answers", async (status) => {
  await using up = await refusing(status);
  await using both = await beside(up.url, chat.kind);
  const { gateway } = both;
  const refused = ["up/m-1", AttemptOutcome.FAILED, "PROVIDER_CREDENTIAL_INVALID"];
  for (let i = 0; i < 5; i++) expect(await courseOf(gateway)).toEqual([refused, answered]);
  expect(await courseOf(gateway)).toEqual([skipped, answered]);
  expect(up.requests.length).toBe(5);
  expect(await gateway.metric("credential_unhealthy", { provider: "up" })).toBe(1);
  expect(await states(gateway)).toEqual([0, 2, 0]);
  expect(await gateway.metric("calls_total", { code: "OK" })).toBe(6);
});

test.each([500, 503, 529])("U18: HTTP %i: the model is left alone, and the next target answers", async (status) => {
  await using up = await refusing(status);
  await using both = await beside(up.url, chat.kind);
  const { gateway, spare } = both;
  for (let i = 0; i < 6; i++) await gateway.complete(asked);
  expect([up.requests.length, spare.requests.length]).toEqual([5, 6]);
  expect(await states(gateway)).toEqual([0, 0, 2]);
});

test("U15: whatever pauses come at the same time, the longest holds, and each was one call", async () => {
  let hints: number[] = [];
  let together = Promise.withResolvers<void>();
  let waiting = 0;
  await using at = await behaving(async (connection) => {
    for (;;) {
      await connection.request();
      const hint = hints[waiting++] ?? 0;
      if (waiting === hints.length) together.resolve();
      await together.promise;
      const { status, body } = failing(429);
      await connection.respond(status, body, { "retry-after": String(hint) });
    }
  });
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 100, max: 900 }), { minLength: 1, maxLength: 8 }), async (some) => {
      hints = some;
      waiting = 0;
      together = Promise.withResolvers();
      const before = at.upstream.requests.length;
      const model = `up/made-up-${run++}`;
      await Promise.all(some.map(() => at.failures(1, model)));
      expect(at.upstream.requests.length - before).toBe(some.length);
      const longestMs = Math.min(Math.max(...some), 600) * 1000;
      // Does not reach the upstream, and wants the longest of them, but for the time that has passed.
      const { reason, cause, waitMs } = await at.refusal(model);
      expect([reason, cause]).toEqual(["PROVIDER_RATE_LIMITED", "cooldown"]);
      expect(waitMs).toBeLessThanOrEqual(longestMs);
      expect(waitMs).toBeGreaterThan(longestMs - 30_000);
    }),
    { seed: 20_261_125, numRuns: 25 },
  );
  expect(await at.gateway.metric("breaker_state")).toBe(0);
});
