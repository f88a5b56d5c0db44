import { afterAll, beforeAll, expect, test } from "vitest";
import { SystemService } from "../../gen/llmhub/admin/v1/system_service_pb.ts";
import { HealthState, ModelService } from "../../gen/llmhub/v1/model_service_pb.ts";
import { textOf } from "../support/gateway.ts";
import type { GatewayProcess } from "../support/gateway-process.ts";
import { ScriptedUpstream } from "../support/scripted-upstream.ts";
import { broken, bytesOf, PacedUpstream, resumed } from "./faults/broken-stream.ts";
import { chat, providerAt } from "./faults/dialects.ts";
import { keyed, textIn } from "./idempotency-stage.ts";
import { admitted, daily, reasonAt } from "./limited.ts";
import { byOps, type Connection, crewOf, toBoth, workerIn } from "./workers-stage.ts";

const models = { "m-ok": {}, "m-limited": {}, "m-paused": {}, "m-broken": {} };

/** A provider whose models behave as their names say; each answer is another. */
async function startUpstream() {
  let answers = 0;
  return ScriptedUpstream.start(async (connection) => {
    for (;;) {
      const { body } = await connection.request();
      if (body.includes("m-paused")) await connection.respond(429, "{}", { "retry-after": "300" });
      else if (body.includes("m-broken")) await connection.respond(500, "{}");
      else await connection.respond(200, chat.whole(`answer ${++answers}`));
    }
  });
}

// A start costs more than all the tests: they share one gateway, each with a model of its own.
let upstream: ScriptedUpstream;
let paced: PacedUpstream;
let gateway: GatewayProcess;
let both: readonly [Connection, Connection];

beforeAll(async () => {
  upstream = await startUpstream();
  paced = await PacedUpstream.start();
  const { up } = providerAt(upstream.url, chat.kind, { models, connectionsMax: 8, discover: false });
  gateway = await crewOf({
    providers: { ...providerAt(paced.url, chat.kind, { discover: false }), own: up },
    models: { retry: { maxAttempts: 1 } },
    health: { trialAfter: "10m" },
    cache: { enabled: true },
    limits: [
      { scope: "model", match: "own/m-limited", requests: 100, ...daily },
      { scope: "model", match: "own/m-ok", concurrent: 100 },
    ],
  });
  both = await toBoth(gateway);
}, 60_000);

afterAll(async () => {
  for (const connection of both ?? []) connection[Symbol.dispose]();
  await gateway?.[Symbol.asyncDispose]();
  await paced?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
});

const asking = (model: string) => ({ model: `own/${model}`, input: "hi" });

/** How a model is known to be, by that worker. */
async function healthAt(connection: Connection, model: string): Promise<HealthState | undefined> {
  const { models: listed } = await connection.client(ModelService).listModels({});
  return listed.find(({ name }) => name.endsWith(`own/models/${model}`) || name.endsWith(`own/${model}`))?.health
    ?.state;
}

test("one start line stands for all, and a scrape shows the sum of both", async () => {
  const answered = () => gateway.metric("calls_total", { model: "m-ok", code: "OK" });
  const before = await answered();
  for (const connection of both) for (let i = 0; i < 3; i++) await connection.complete(asking("m-ok"));
  expect((await answered()) - before).toBe(6);
  const count = await gateway.metric("call_duration_seconds_count", { model: "m-ok" });
  expect(count).toBe(await answered());
  expect(await gateway.metric("workers")).toBe(2);
  expect(await gateway.metric("silent_workers")).toBe(0);
  const text = await (await fetch(`${gateway.opsUrl}/metrics`)).text();
  for (const worker of ["holder", "1", "2"])
    expect(text).toContain(`process_resident_memory_bytes{worker="${worker}"}`);
  expect(text.match(/^llmhub_build_info.*/gm)).toHaveLength(1);
  expect(await (await fetch(`${gateway.opsUrl}/readyz`)).json()).toEqual({ ready: true, reasons: [] });
  expect(gateway.program.output.match(/serving calls/g)).toHaveLength(1);
});

test("a limit of 100 is 100 over both", async () => {
  const limited = both.map((connection) => ({ complete: () => connection.complete(asking("m-limited")) }));
  expect(await admitted(limited, 130)).toBe(100);
  expect(await gateway.metric("rate_limited_total", { scope: "model", metric: "requests" })).toBe(30);
});

test("a pause that one is asked for is kept by the other, which calls nobody", async () => {
  const [one, two] = both;
  expect(await reasonAt(one, asking("m-paused"))).toBe("PROVIDER_RATE_LIMITED");
  const reached = upstream.requests.length;
  await expect.poll(() => healthAt(two, "m-paused"), { timeout: 5000 }).toBe(HealthState.DEGRADED);
  expect(await reasonAt(two, asking("m-paused"))).toBe("PROVIDER_RATE_LIMITED");
  expect(upstream.requests.length).toBe(reached);
});

test("a circuit that opens at one is open at the other", async () => {
  const [one, two] = both;
  for (let i = 0; i < 5; i++) await reasonAt(two, asking("m-broken"));
  const reached = upstream.requests.length;
  await expect.poll(() => healthAt(one, "m-broken"), { timeout: 5000 }).toBe(HealthState.UNAVAILABLE);
  expect(await reasonAt(one, asking("m-broken"))).toBe("NO_HEALTHY_TARGET");
  expect(upstream.requests.length).toBe(reached);
});

test("a call with an idempotency key is carried out once, whoever gets the repeat", async () => {
  const reached = upstream.requests.length;
  const calls = Array.from({ length: 10 }, (_, i) => both[i % 2 === 0 ? 0 : 1].complete(asking("m-ok"), keyed("k")));
  const texts = (await Promise.all(calls)).map(textIn);
  expect(new Set(texts).size).toBe(1);
  const again = keyed("k");
  for (const connection of both) expect(textIn(await connection.complete(asking("m-ok"), again))).toBe(texts[0]);
  expect(again.isReplay()).toBe(true);
  expect(await reasonAt({ complete: () => both[1].complete({ ...asking("m-ok"), input: "ho" }, keyed("k")) })).toBe(
    "IDEMPOTENCY_KEY_REUSED",
  );
  expect(upstream.requests.length).toBe(reached + 1);
});

test("operators see and empty the caches of both, whichever they reach", async () => {
  const kept = { ...asking("m-ok"), temperature: 0, input: "kept" };
  for (const connection of both) for (let i = 0; i < 2; i++) await connection.complete(kept);
  const system = both[0].client(SystemService);
  const { caches, inFlightRequests } = await system.getDiagnostics({});
  expect(caches[0]).toMatchObject({ driver: "memory", entries: 2n, hits: 2n });
  expect(inFlightRequests).toBe(1);
  expect((await system.flushCache({})).removed).toBe(2n);
  expect((await both[1].client(SystemService).getDiagnostics({})).caches[0]?.entries).toBe(0n);
});

test("a stream whose connection broke is read on at either", async () => {
  paced.say("Hel", "lo");
  const { events, token } = await broken(gateway, 3, byOps);
  const first = resumed(gateway.url, { token, afterSequence: 0 }, { ...byOps, "x-request-id": "resume-1" });
  paced.say(" there");
  paced.finish();
  const { events: all, status } = await first;
  expect(status).toBe("0");
  expect(bytesOf(all.slice(0, events.length))).toEqual(bytesOf(events));
  expect(textOf({ events: [...all] })).toBe("Hello there");
  for (let afterSequence = 0; afterSequence <= all.length; afterSequence++) {
    const headers = { ...byOps, "x-request-id": `resumed-${afterSequence}` };
    const rest = await resumed(gateway.url, { token, afterSequence }, headers);
    expect(rest.status).toBe("0");
    expect(bytesOf(rest.events)).toEqual(bytesOf(all.slice(afterSequence)));
  }
  const workerAt = async (id: string) => workerIn(await gateway.program.said(new RegExp(`^.*"${id}".*\n`, "m")));
  const workers = await Promise.all(all.map((_, i) => workerAt(`resumed-${i}`)));
  expect(new Set(workers)).toEqual(new Set([1, 2]));
  for (const forged of [token.replace(/-\d+$/, "-9"), `${token.slice(0, -3)}0-2`, "none"]) {
    expect((await resumed(gateway.url, { token: forged, afterSequence: 0 }, byOps)).status).toBe(
      "5 RESUME_TOKEN_INVALID",
    );
  }
});
