import { expect, test } from "vitest";
import { GatewayError } from "../../src/model/error.ts";
import { failureOf } from "../e2e/failure.ts";
import { chat, providerAt, streamed } from "../e2e/faults/dialects.ts";
import { TestGateway, textOf } from "../support/gateway.ts";
import { ScriptedUpstream } from "../support/scripted-upstream.ts";
import { Modules, seen } from "./modules.ts";

const providers = { simulator: {} };
const request = { model: "simulator/gpt:first-token-0:pace-0", input: "hi" };
const canary = "canary-7781";

/** Starts a gateway with one extension of this text. */
async function started(init: string, entry: object = {}) {
  const modules = await Modules.create();
  const module = await modules.extension(init);
  const gateway = await TestGateway.start({ providers, extensions: [{ module, ...entry }] });
  return {
    gateway,
    failures: () => gateway.metric("failed_extension_calls_total", { extension: "own" }),
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      await modules[Symbol.asyncDispose]();
    },
  };
}

/** What one throws before it asks, after it, and answers with what is no reply. */
const broken = {
  "before it asks": `return { PLACE: (next) => async (call) => { throw new Error("${canary}"); } };`,
  "without a promise": `return { PLACE: (next) => (call) => { throw new Error("${canary}"); } };`,
  "after the answer": `return { PLACE: (next) => async (call) => { await next(call); throw new Error("${canary}"); } };`,
  "by forgetting to return": "return { PLACE: (next) => async (call) => { await next(call); } };",
  "while it is applied": `let times = 0; return { PLACE: (next) => { throw new Error("${canary}"); } };`,
};
const cases = Object.entries(broken).flatMap(([name, text]) =>
  ["call", "attempt"].map((place) => [place, name, text.replace("PLACE", place)] as const),
);

test.each(cases)(
  "G12: an exception in %s %s ends that call as INTERNAL, and tells nothing",
  async (_place, _name, text) => {
    await using hub = await started(text);
    const failure = failureOf(await hub.gateway.failure(request));
    expect(failure.info?.reason).toBe("INTERNAL");
    expect(JSON.stringify(failure, (_key, value) => (typeof value === "bigint" ? String(value) : value))).not.toContain(
      canary,
    );
    const { error } = await hub.gateway.stream(request);
    expect(failureOf(error).info?.reason).toBe("INTERNAL");
    expect(await hub.failures()).toBe(2);
  },
);

test.each(cases)("with continue a call goes on after an exception in %s %s", async (_place, _name, text) => {
  await using hub = await started(text, { onFailure: "continue" });
  expect((await hub.gateway.complete(request)).message).toBeDefined();
  const streamed = await hub.gateway.stream(request);
  expect([streamed.error, textOf(streamed) !== ""]).toEqual([undefined, true]);
  expect(await hub.failures()).toBe(2);
  // Nobody is asked twice.
  expect(await hub.gateway.metric("upstream_attempts_total")).toBe(2);
});

test("G12: an exception in the midst of a stream ends it as INTERNAL, and tells nothing", async () => {
  await using hub = await started(`
    const breaking = async function* (chunks) { for await (const batch of chunks) { yield batch; throw new Error("${canary}"); } };
    return { call: (next) => async (call) => {
      const reply = await next(call);
      const chunks = breaking(reply.chunks);
      return new Proxy(reply, { get: (target, name) => (name === "chunks" ? chunks : Reflect.get(target, name)) });
    } };`);
  const { error, events } = await hub.gateway.stream({ model: "simulator/gpt:pace-20", input: "Write 20 words" });
  expect(events.length).toBeGreaterThan(0);
  const failure = failureOf(error);
  expect([failure.info?.reason, failure.message.includes(canary)]).toEqual(["INTERNAL", false]);
});

test("an interceptor that never answers does not keep a call from ending", async () => {
  await using hub = await started(
    `return { call: (next) => () => new Promise(() => {}), close: () => seen.push("closed") };`,
  );
  const error = failureOf(await hub.gateway.failure(request, { timeoutMs: 100 }));
  expect(error.code).toBe(4);
  await hub.gateway.drain();
  expect(seen()).toEqual(["closed"]);
});

test("an answer that an interceptor refuses ends at its provider while another is asked for", async () => {
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    await connection.beginEvents();
    // The first goes on for ever.
    const isFirst = upstream.requests.length === 1;
    await connection.chunk(isFirst ? chat.preamble + chat.text("half ") : streamed(chat, "who", "le"));
    if (!isFirst) await connection.lastChunk();
  });
  await using modules = await Modules.create();
  const module = await modules.extension(`let asked = 0;
    return { attempt: (next) => async (attempt) => {
      const reply = await next(attempt);
      if (asked++ === 0) throw globalThis.llmhubRefusal;
      return reply;
    } };`);
  Reflect.set(globalThis, "llmhubRefusal", new GatewayError("PROVIDER_OVERLOADED", "not good enough"));
  await using gateway = await TestGateway.start({
    providers: providerAt(upstream.url, chat.kind),
    models: { policies: { both: { targets: [{ model: "up/a" }, { model: "up/b" }] } } },
    extensions: [{ module }],
  });
  const answered = await gateway.stream({ model: "policies/both", input: "hi" });
  expect([answered.error, textOf(answered)]).toEqual([undefined, "whole"]);
  await upstream.connections[0]?.closed;
});
