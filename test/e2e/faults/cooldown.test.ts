import { createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { PreconditionFailureSchema, QuotaFailureSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import { HealthState, ModelService } from "../../../gen/llmhub/v1/model_service_pb.ts";
import { request } from "./dialects.ts";
import { behaving, failing, well } from "./target-health.ts";

const limited = { code: "ResourceExhausted", reason: "PROVIDER_RATE_LIMITED", cause: "cooldown" };
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString();

test("U15: a provider that wants a pause gets it, for this model, and it is no failure", async () => {
  await using at = await behaving(failing(429, { "retry-after": "300" }));
  await at.failures(1);
  const refusal = await at.refusal();
  expect(refusal).toMatchObject(limited);
  expect(refusal.waitMs).toBeGreaterThan(290_000);
  expect(refusal.waitMs).toBeLessThanOrEqual(300_000);
  expect(await at.gateway.metric("cooldown_seconds", { provider: "up" })).toBeGreaterThan(290);
  expect([await at.state("model"), await at.state("endpoint"), await at.state("credential")]).toEqual([0, 0, 0]);
  expect((await at.gateway.failure(request)).findDetails(QuotaFailureSchema)[0]?.violations[0]?.subject).toBe(
    "providers/up",
  );
  at.now.behaviour = well;
  await at.gateway.complete({ ...request, model: "up/m-2" });
  const { models } = await createClient(ModelService, at.gateway.transport).listModels({});
  expect(models.map(({ selector, health }) => [selector, health?.state])).toEqual([
    ["up/m-1", HealthState.DEGRADED],
    ["up/m-2", HealthState.DEGRADED],
  ]);
});

test("U15: a shorter wish that comes later does not shorten the pause", async () => {
  const hints = ["300", "120"];
  const both = Promise.withResolvers<void>();
  let waiting = 0;
  await using at = await behaving(async (connection) => {
    await connection.request();
    if (++waiting === 2) both.resolve();
    await both.promise;
    await connection.respond(429, "{}", { "retry-after": hints.shift() ?? "" });
    connection.end();
  });
  await Promise.all([at.failures(1), at.failures(1)]);
  expect((await at.refusal()).waitMs).toBeGreaterThan(290_000);
});

test.each<[string, Record<string, string>, number, number]>([
  ["a date", { "retry-after": "date" }, 290_000, 300_000],
  ["milliseconds", { "retry-after-ms": "250000" }, 240_000, 250_000],
  ["too long", { "retry-after": "1e9" }, 590_000, 600_000],
  ["more than a day", { "retry-after": "100000" }, 590_000, 600_000],
])("U16: the wish as %s", async (_what, headers, fromMs, toMs) => {
  const hint = headers["retry-after"] === "date" ? { "retry-after": inSeconds(299) } : headers;
  await using at = await behaving(failing(429, hint));
  await at.failures(1);
  const { waitMs } = await at.refusal();
  expect(waitMs).toBeGreaterThan(fromMs);
  expect(waitMs).toBeLessThanOrEqual(toMs);
});

test.each([["0"]])("U16: a wish of %s is no pause", async (hint) => {
  await using at = await behaving(failing(429, { "retry-after": hint }));
  await at.failures(2);
  expect(at.upstream.requests.length).toBeGreaterThanOrEqual(2);
  expect(await at.gateway.metric("cooldown_seconds")).toBe(0);
});

test.each([["-1"], ["abc"], [undefined]])("U16: without a readable wish (%s) it is 2 s", async (hint) => {
  await using at = await behaving(failing(429, hint === undefined ? {} : { "retry-after": hint }));
  const error = await at.gateway.failure(request, { timeoutMs: 1000 });
  // What is left of the pause by the time that the caller is told.
  const toldMs = Number(error.metadata.get("grpc-retry-pushback-ms"));
  expect(toldMs).toBeGreaterThan(1000);
  expect(toldMs).toBeLessThanOrEqual(2000);
});

test.each(["insufficient_quota", "enforced_spend_limit_reached"])("U17: an empty account, %s", async (code) => {
  await using at = await behaving(failing(429, {}, { error: { message: "canary", type: code, code } }));
  await at.failures(1);
  expect(await at.refusal()).toEqual({
    code: "FailedPrecondition",
    reason: "PROVIDER_QUOTA_EXHAUSTED",
    cause: "cooldown",
    waitMs: -1,
  });
  const error = await at.gateway.failure(request);
  expect(error.findDetails(PreconditionFailureSchema)[0]?.violations[0]?.type).toBe("PROVIDER_QUOTA");
  expect(await at.gateway.metric("cooldown_seconds", { provider: "up" })).toBeGreaterThan(590);
});

test("HTTP 402 may be about the size of one request: a pause of seconds", async () => {
  await using at = await behaving(failing(402));
  await at.failures(1);
  const seconds = await at.gateway.metric("cooldown_seconds", { provider: "up" });
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(10);
});
