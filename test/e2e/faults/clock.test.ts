import { createHash } from "node:crypto";
import { createClient } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { HealthState, ModelService } from "../../../gen/llmhub/v1/model_service_pb.ts";
import { TestGateway, textOf } from "../../support/gateway.ts";
import { ScriptedUpstream } from "../../support/scripted-upstream.ts";
import { ask, reasonAt } from "../limited.ts";
import { PacedUpstream } from "./broken-stream.ts";
import { chat, providerAt, request } from "./dialects.ts";
import { faultOf } from "./fault.ts";
import { behaving, failing, noTrials } from "./target-health.ts";

const hourMs = 3_600_000;
/** By how much the clock on the wall is set, one after the other; it ends a day behind. */
const jumpsMs = [hourMs, -hourMs, 24 * hourMs, -24 * hourMs, -24 * hourMs];

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: Date.now() }));
afterEach(() => void vi.useRealTimers());

function jump(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

/** Sums of all histograms of times, in seconds. */
async function sums(gateway: TestGateway): Promise<number[]> {
  const lines = (await gateway.metrics()).split("\n").filter((line) => /^llmhub_\w+_seconds_sum/.test(line));
  return lines.map((line) => Number(line.slice(line.lastIndexOf(" ") + 1)));
}

test("G4: a call during which the clock is set neither ends early nor takes a negative time", async () => {
  await using upstream = await PacedUpstream.start();
  const providers = providerAt(upstream.url, chat.kind, { timeouts: { firstOutput: "20s", idle: "20s" } });
  await using gateway = await TestGateway.start({ providers });
  jump(hourMs);
  upstream.say("0");
  let said = 0;
  const onEvent = ({ event }: { event: { case?: string | undefined } }) => {
    if (event.case !== "partDelta") return;
    const ms = jumpsMs[said++];
    if (ms === undefined) return upstream.finish();
    jump(ms);
    upstream.say(String(said));
  };
  const streamed = await gateway.stream(request, { timeoutMs: 60_000, onEvent });
  expect(streamed.error).toBeUndefined();
  expect(textOf(streamed)).toBe("012345");
  expect(upstream.upstream.requests.length).toBe(1);
  expect(await gateway.metric("upstream_attempts_total", { outcome: "ok" })).toBe(1);
  const times = await sums(gateway);
  expect(times.length).toBeGreaterThan(0);
  for (const seconds of times) {
    expect(seconds).toBeGreaterThanOrEqual(0);
    expect(seconds).toBeLessThan(60);
  }
});

test("G4: a deadline comes in its time, however the clock is set", async () => {
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    jump(-24 * hourMs);
  });
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, chat.kind) });
  const error = await gateway.failure(request, { headers: { "x-llmhub-timeout-ms": "500" } });
  expect(faultOf(error)).toMatchObject({ code: "DeadlineExceeded", reason: "DEADLINE_EXCEEDED" });
});

test("G4: breakers and what is known of a provider do not move with the clock", async () => {
  await using at = await behaving(failing(500), noTrials);
  await at.failures(5);
  for (const ms of jumpsMs) {
    jump(ms);
    expect(await at.state("model")).toBe(2);
    expect(await at.refusal()).toMatchObject({ reason: "NO_HEALTHY_TARGET" });
    const { providers } = await createClient(ModelService, at.gateway.transport).listProviders({});
    expect(providers[0]?.health).toMatchObject({ state: HealthState.UNAVAILABLE, errorRate: 1 });
  }
});

test("G4: a pause does not move with the clock", async () => {
  await using at = await behaving(failing(429, { "retry-after": "300" }), noTrials);
  await at.failures(1);
  for (const ms of jumpsMs) {
    jump(ms);
    const { reason, waitMs } = await at.refusal();
    expect(reason).toBe("PROVIDER_RATE_LIMITED");
    expect(waitMs).toBeGreaterThan(200_000);
    expect(waitMs).toBeLessThanOrEqual(300_000);
  }
});

test("G4: windows of limits do not move with the clock", async () => {
  await using gateway = await TestGateway.start({
    providers: { simulator: {} },
    limits: (["token-bucket", "fixed-window", "sliding-window"] as const).map((algorithm, i) => ({
      ...{ scope: "key", algorithm, requests: 1 },
      per: (["minute", "hour", "day"] as const)[i],
    })),
  });
  expect(await reasonAt(gateway)).toBe("");
  for (const ms of jumpsMs) {
    jump(ms);
    expect(await reasonAt(gateway)).toBe("RATE_LIMITED");
  }
  expect(await gateway.metric("rate_limited_total", { scope: "key", metric: "requests" })).toBe(jumpsMs.length);
});

test("G4: a key expires by the clock on the wall", async () => {
  const expireTime = new Date(Date.now() + hourMs).toISOString();
  const sha256 = createHash("sha256").update("lh_one").digest("hex");
  await using gateway = await TestGateway.start({
    providers: { simulator: {} },
    auth: { mode: "keys", keys: [{ id: "one", sha256, expireTime }] },
  });
  const headers = { authorization: "Bearer lh_one" };
  await gateway.complete(ask, { headers });
  jump(24 * hourMs);
  expect(faultOf(await gateway.failure(ask, { headers }))).toMatchObject({ reason: "API_KEY_EXPIRED" });
  jump(-24 * hourMs);
  await gateway.complete(ask, { headers });
});
