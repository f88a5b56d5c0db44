import { createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { CompletionView } from "../../../gen/llmhub/v1/completion_pb.ts";
import { HealthState, ModelService } from "../../../gen/llmhub/v1/model_service_pb.ts";
import { AttemptOutcome } from "../../../gen/llmhub/v1/routing_pb.ts";
import type { TestGateway } from "../../support/gateway.ts";
import { ScriptedUpstream } from "../../support/scripted-upstream.ts";
import { chat, providerAt, request } from "./dialects.ts";
import { behaving, failing, noTrials, well } from "./target-health.ts";

const out = (scope: string) => ({ code: "Unavailable", reason: "NO_HEALTHY_TARGET", cause: `circuit_${scope}` });

async function healthOf({ transport }: TestGateway, model: string) {
  const { models } = await createClient(ModelService, transport).listModels({});
  return models.find(({ selector }) => selector === model)?.health?.state;
}

test("U1: an address that fails is not called again, for any model", async () => {
  await using at = await behaving((connection) => connection.reset());
  await at.failures(5);
  expect([await at.state("endpoint"), await at.state("model")]).toEqual([2, 0]);
  const refusal = await at.refusal();
  expect(refusal).toMatchObject(out("endpoint"));
  expect(refusal.waitMs).toBeGreaterThan(590_000);
  expect(await at.refusal("up/m-2")).toMatchObject(out("endpoint"));
  expect(await healthOf(at.gateway, "up/m-2")).toBe(HealthState.UNAVAILABLE);
});

test("U1: a single trial finds out that it is well again", async () => {
  await using at = await behaving(failing(500), { trialAfter: "50ms" });
  await at.failures(5);
  at.now.behaviour = well;
  const before = at.upstream.requests.length;
  while ((await at.gateway.complete(request).catch(() => undefined)) === undefined);
  expect(at.upstream.requests.length).toBe(before + 1);
  expect(await at.state("model")).toBe(0);
});

test.each([500, 502, 503, 504, 529])("U18: HTTP %i takes the model out, and no other", async (status) => {
  await using at = await behaving(failing(status));
  await at.failures(5);
  expect([await at.state("endpoint"), await at.state("model")]).toEqual([0, 2]);
  expect(await at.refusal()).toMatchObject(out("model"));
  at.now.behaviour = well;
  await at.gateway.complete({ ...request, model: "up/m-2" });
  expect(await healthOf(at.gateway, "up/m-1")).toBe(HealthState.UNAVAILABLE);
});

test.each([401, 403])("U19: HTTP %i takes the credential out, and not the model", async (status) => {
  await using at = await behaving(failing(status));
  await at.failures(5);
  expect([await at.state("credential"), await at.state("model"), await at.state("endpoint")]).toEqual([2, 0, 0]);
  expect(await at.gateway.metric("credential_unhealthy", { provider: "up" })).toBe(1);
  expect(await at.refusal("up/m-2")).toMatchObject(out("credential"));
});

test.each([400, 404, 413, 422])("U20: a hundred callers' mistakes take nothing out: HTTP %i", async (status) => {
  await using at = await behaving(failing(status));
  await at.failures(100);
  expect(at.upstream.requests.length).toBe(100);
  expect([await at.state("credential"), await at.state("model"), await at.state("endpoint")]).toEqual([0, 0, 0]);
});

test("calls that are cancelled, or out of time, take nothing out", async () => {
  await using at = await behaving(async (connection) => {
    await connection.request();
    await connection.closed;
  });
  const timed = () => at.gateway.failure(request, { timeoutMs: 20 });
  await Promise.all(Array.from({ length: 20 }, timed));
  const leaving = AbortSignal.timeout(20);
  await Promise.all(Array.from({ length: 20 }, () => at.gateway.failure(request, { signal: leaving })));
  at.now.behaviour = well;
  await at.gateway.complete(request);
  expect([await at.state("model"), await at.state("endpoint")]).toEqual([0, 0]);
});

test("waits that callers want shorter than the provider's take nothing out", async () => {
  await using at = await behaving(async (connection) => {
    await connection.request();
    await connection.closed;
  });
  const routing = { firstOutputTimeout: { nanos: 1_000_000 } };
  for (let i = 0; i < 10; i++) await at.gateway.failure({ ...request, routing });
  at.now.behaviour = well;
  await at.gateway.complete(request);
});

test("U9: streams that break on the way do", async () => {
  await using at = await behaving(async (connection) => {
    await connection.request();
    await connection.beginEvents();
    await connection.chunk(chat.preamble + chat.text("Hel"));
    connection.end();
  });
  for (let i = 0; i < 5; i++) await at.gateway.stream(request);
  expect((await at.state("endpoint")) + (await at.state("model"))).toBe(2);
  expect((await at.refusal()).reason).toBe("NO_HEALTHY_TARGET");
});

test("a provider that is opened anew, with another credential, starts anew", async () => {
  await using at = await behaving(failing(401));
  await at.failures(5);
  at.now.behaviour = well;
  const baseUrl = `${at.upstream.url}/v1`;
  const up = { kind: chat.kind, baseUrl, apiKey: "another" };
  await at.gateway.reload({ providers: { up }, health: noTrials });
  await at.gateway.complete(request);
  expect(await at.state("credential")).toBe(0);
});

test("a reload that leaves the provider as it is keeps what is known of it", async () => {
  await using at = await behaving(failing(500));
  await at.failures(5);
  const models = { "m-1": {}, "m-2": {} };
  const up = { kind: chat.kind, baseUrl: `${at.upstream.url}/v1`, apiKey: "sk-canary-0123456789", models };
  await at.gateway.reload({ providers: { up }, health: noTrials, models: { aliases: { other: "up/m-1" } } });
  expect(await at.refusal("other")).toMatchObject(out("model"));
});

test("with breakers off, every call is sent", async () => {
  await using at = await behaving(failing(500), { breakers: false });
  await at.failures(20);
  expect(at.upstream.requests.length).toBeGreaterThanOrEqual(20);
  expect(await at.state("model")).toBe(0);
});

test("U1: while a target is out, the next of its policy answers at once, and nobody reaches the first", async () => {
  await using at = await behaving(failing(500));
  await using spare = await ScriptedUpstream.start(async (connection) => {
    for (;;) {
      await connection.request();
      await connection.respond(200, chat.whole("Hello"));
    }
  });
  const providers = {
    ...providerAt(at.upstream.url, chat.kind),
    spare: { kind: chat.kind, baseUrl: `${spare.url}/v1` },
  };
  const policies = { both: { targets: [{ model: "up/m-1" }, { model: "spare/m-1" }] } };
  await at.gateway.reload({ providers, health: noTrials, models: { policies } });
  const asked = { ...request, model: "policies/both", view: CompletionView.FULL };
  for (let i = 0; i < 5; i++) await at.gateway.complete(asked);
  expect(await at.state("model")).toBe(2);
  const reached = at.upstream.requests.length;
  const { routing } = await at.gateway.complete(asked);
  expect(at.upstream.requests.length).toBe(reached);
  expect(routing?.attempts.map(({ model, outcome }) => [model, outcome])).toEqual([
    ["up/m-1", AttemptOutcome.SKIPPED],
    ["spare/m-1", AttemptOutcome.SUCCEEDED],
  ]);
});
