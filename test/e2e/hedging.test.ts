import { Code, type ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { BadRequestSchema, ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { CompletionFailureSchema, type StreamCompleteResponse } from "../../gen/llmhub/v1/completion_pb.ts";
import { AttemptOutcome } from "../../gen/llmhub/v1/routing_pb.ts";
import { UsageSource } from "../../gen/llmhub/v1/usage_pb.ts";
import { TestGateway, textOf } from "../support/gateway.ts";
import { chat } from "./faults/dialects.ts";
import { always, answer, asked, HeldUpstream, hedgedWorld, heldWorld, targets } from "./held.ts";

const { FAILED, LOST_HEDGE, SUCCEEDED } = AttemptOutcome;
function failureOf(error: ConnectError) {
  const [info] = error.findDetails(ErrorInfoSchema);
  const [failure] = error.findDetails(CompletionFailureSchema);
  return { reason: info?.reason, attempts: failure?.attempts.map(({ model, outcome }) => [model, outcome]), failure };
}

test("S8: who is slow is outrun; it ends at once, its cost is told, and nothing is held against it", async () => {
  await using at = await hedgedWorld({});
  const call = at.gateway.complete(asked);
  const slow = await at.a.next();
  await answer(await at.b.next());
  const { routing, usage } = await call;
  expect(routing).toMatchObject({ model: "b/m", policy: "policies/hedged", attemptCount: 2 });
  expect(routing?.attempts).toMatchObject([
    { number: 1, model: "a/m", outcome: LOST_HEDGE, hedge: false, errorReason: "" },
    { number: 2, model: "b/m", outcome: SUCCEEDED, hedge: true },
  ]);
  const [lost] = routing?.attempts ?? [];
  expect(lost?.usage).toMatchObject({ source: UsageSource.ESTIMATED });
  expect(lost?.cost?.total?.amountNanos).toBe(BigInt(lost?.usage?.inputTokens ?? 0) * 1000n);
  expect(usage).toMatchObject({ inputTokens: 7, outputTokens: 3 });
  await slow.connection.closed;

  const { gateway } = at;
  expect([at.a.hits, at.b.hits, at.c.hits]).toEqual([1, 1, 0]);
  expect(await gateway.metric("hedges_total", { provider: "b", outcome: "won" })).toBe(1);
  expect(await gateway.metric("upstream_attempts_total", { provider: "a", outcome: "lost_hedge" })).toBe(1);
  expect(await gateway.metric("tokens_total", { provider: "a" })).toBe(lost?.usage?.inputTokens);
  expect(await gateway.metric("cost_dollars_total", { provider: "a" })).toBeGreaterThan(0);
  expect(await gateway.metric("calls_total")).toBe(1);
  expect(await gateway.metric("retries_total")).toBe(0);
});

test("S8: a breaker counts no loser", async () => {
  await using at = await hedgedWorld({});
  for (let call = 0; call < 3; call++) {
    const answered = at.gateway.complete(asked);
    await at.a.next();
    await answer(await at.b.next());
    expect((await answered).routing?.provider).toBe("b");
  }
  expect(at.a.hits).toBe(3);
  expect(await at.gateway.metric("breaker_state", { provider: "a" })).toBe(0);
});

test("S8: a hedge that loses is cancelled, streams too", async () => {
  await using at = await hedgedWorld({});
  const call = at.gateway.stream(asked);
  const slow = await at.a.next();
  const hedge = await at.b.next();
  await answer(slow, "Hi");
  const streamed = await call;
  await hedge.connection.closed;
  expect(textOf(streamed)).toBe("Hi");
  const last = streamed.events.at(-1)?.event;
  expect(last?.case === "finished" && last.value.routing?.attempts).toMatchObject([
    { number: 1, model: "b/m", outcome: LOST_HEDGE, hedge: true },
    { number: 2, model: "a/m", outcome: SUCCEEDED, hedge: false },
  ]);
  expect(await at.gateway.metric("hedges_total", { provider: "b", outcome: "lost" })).toBe(1);
  expect(await at.gateway.metric("open_streams")).toBe(0);
});

test("S8: up to four run at once, each after the wait of the one before", async () => {
  await using at = await hedgedWorld({ maxParallel: 4 });
  // Each call earns one hedge.
  const earning = at.gateway.complete({ ...asked, routing: { maxAttempts: 1 } });
  await answer(await at.a.next());
  await earning;
  const call = at.gateway.complete(asked);
  const [slow, slower] = [await at.a.next(), await at.b.next()];
  await answer(await at.c.next());
  const { routing } = await call;
  expect(routing?.attempts.map(({ outcome }) => outcome)).toEqual([LOST_HEDGE, LOST_HEDGE, SUCCEEDED]);
  expect(routing?.attempts.map(({ number }) => number)).toEqual([1, 2, 3]);
  await Promise.all([slow.connection.closed, slower.connection.closed]);
  expect(await at.gateway.metric("hedges_total")).toBe(2);
});

test("S8: when both fail, one error tells of both", async () => {
  await using at = await hedgedWorld({}, { maxAttempts: 2 });
  const call = at.gateway.failure(asked);
  const slow = await at.a.next();
  const hedge = await at.b.next();
  await hedge.connection.respond(503, "{}");
  await expect.poll(() => at.gateway.metric("hedges_total", { provider: "b", outcome: "failed" })).toBe(1);
  await slow.connection.respond(500, "{}");
  expect(failureOf(await call)).toMatchObject({
    reason: "PROVIDER_UNAVAILABLE",
    attempts: [
      ["b/m", FAILED],
      ["a/m", FAILED],
    ],
  });
  expect([at.a.hits, at.b.hits, at.c.hits]).toEqual([1, 1, 0]);
});

test("S8: one that fails leaves the other running; what no target mends ends both", async () => {
  await using at = await hedgedWorld({});
  const call = at.gateway.complete(asked);
  const failing = await at.a.next();
  const hedge = await at.b.next();
  await failing.connection.respond(503, "{}");
  await expect.poll(() => at.gateway.metric("retries_total", { provider: "a", to: "other" })).toBe(1);
  await answer(hedge);
  expect((await call).routing?.attempts).toMatchObject([
    { model: "a/m", outcome: FAILED, upstreamStatus: 503 },
    { model: "b/m", outcome: SUCCEEDED, hedge: true },
  ]);

  const refused = at.gateway.failure(asked);
  const slow = await at.a.next();
  const other = await at.b.next();
  await slow.connection.respond(400, "{}");
  await other.connection.closed;
  expect(failureOf(await refused)).toMatchObject({
    reason: "PROVIDER_INVALID_REQUEST",
    attempts: [
      ["a/m", FAILED],
      ["b/m", FAILED],
    ],
  });
});

test("S8, S10: a caller who leaves ends both", async () => {
  await using at = await hedgedWorld({});
  const cancel = new AbortController();
  const call = at.gateway.failure(asked, { signal: cancel.signal });
  const both = [await at.a.next(), await at.b.next()];
  cancel.abort();
  expect((await call).code).toBe(Code.Canceled);
  await Promise.all(both.map(({ connection }) => connection.closed));
  await expect.poll(() => at.gateway.metric("calls_total", { code: "CANCELLED" })).toBe(1);
  for (const provider of ["a", "b"]) expect(await at.gateway.metric("tokens_total", { provider })).toBeGreaterThan(0);
});

test("S8, S10: a caller who leaves ends the winner, too, and what it gave is paid", async () => {
  await using at = await hedgedWorld({});
  const cancel = new AbortController();
  const onEvent = ({ event }: StreamCompleteResponse) => {
    if (event.case === "partDelta") cancel.abort();
  };
  const call = at.gateway.stream(asked, { signal: cancel.signal, onEvent });
  const slow = await at.a.next();
  const { connection } = await at.b.next();
  await connection.beginEvents();
  await connection.chunk(chat.preamble, chat.text("Hel"));
  expect((await call).error?.code).toBe(Code.Canceled);
  await Promise.all([slow.connection.closed, connection.closed]);
  await expect.poll(() => at.gateway.metric("calls_total", { provider: "b", code: "CANCELLED" })).toBe(1);
  for (const provider of ["a", "b"]) expect(await at.gateway.metric("tokens_total", { provider })).toBeGreaterThan(0);
});

test("S8, S9: the deadline ends the winner", async () => {
  await using at = await hedgedWorld({});
  const call = at.gateway.stream(asked, { timeoutMs: 2000 });
  await at.a.next();
  const { connection } = await at.b.next();
  await connection.beginEvents();
  await connection.chunk(chat.preamble, chat.text("Hel"));
  expect((await call).error?.code).toBe(Code.DeadlineExceeded);
  await connection.closed;
  await expect.poll(() => at.gateway.metric("calls_total", { provider: "b" })).toBe(1);
  expect(await at.gateway.metric("open_streams")).toBe(0);
});

test("S8, S9: the share of the slow one and the deadline end both, and both are paid for", async () => {
  await using at = await hedgedWorld({}, { targets: targets.slice(0, 2) });
  const call = at.gateway.failure(asked, { timeoutMs: 2000 });
  const both = [await at.a.next(), await at.b.next()];
  expect((await call).code).toBe(Code.DeadlineExceeded);
  await Promise.all(both.map(({ connection }) => connection.closed));
  await expect.poll(() => at.gateway.metric("calls_total")).toBe(1);
  for (const provider of ["a", "b"]) expect(await at.gateway.metric("tokens_total", { provider })).toBeGreaterThan(0);
});

test("S8: calls that are not to be sent twice are not", async () => {
  const same = { targets: [{ model: "a/m" }, { model: "a/other" }], hedge: always };
  const welcome = { targets, hedge: { ...always, optIn: true } };
  const closed = { targets, hedge: always, overridable: [] };
  const policies = { hedged: { targets, hedge: always }, same, welcome, closed };
  await using at = await heldWorld({ models: { policies } });
  const calls: object[] = [
    { routing: { hedge: false } },
    { routing: { maxAttempts: 1 } },
    { providerOptions: { a: { store: true } } },
    { model: "policies/same" },
    { model: "policies/welcome" },
    { model: "a/m", routing: { hedge: true } },
  ];
  const waiting = calls.map((call) => at.gateway.complete({ ...asked, ...call }));
  const held = [];
  for (const _ of calls) held.push(await at.a.next());
  // Begun after them, and hedged before they are answered.
  const hedged = at.gateway.complete({ ...asked, model: "policies/welcome", routing: { hedge: true } });
  await at.a.next();
  await answer(await at.b.next());
  expect((await hedged).routing?.provider).toBe("b");
  for (const each of held) await answer(each);
  for (const each of await Promise.all(waiting)) expect(each.routing).toMatchObject({ provider: "a", attemptCount: 1 });
  expect([at.b.hits, at.c.hits]).toEqual([1, 0]);

  const forbidden = await at.gateway.failure({ ...asked, model: "policies/closed", routing: { hedge: false } });
  expect(forbidden.findDetails(BadRequestSchema)[0]?.fieldViolations[0]).toMatchObject({
    field: "routing.hedge",
    reason: "NOT_OVERRIDABLE",
  });
});

test("S8: another credential is another place", async () => {
  const credentials = ["blue", "green"].map((name) => ({ name, apiKey: `key-${name}` }));
  await using b = await HeldUpstream.start();
  const providers = { b: { kind: "openai-compatible", baseUrl: `${b.url}/v1`, credentials } };
  const models = ["m", "n"].map((model) => ({ model: `b/${model}` }));
  const policies = { hedged: { targets: models, hedge: always } };
  await using gateway = await TestGateway.start({ providers, models: { policies } });
  const call = gateway.complete(asked);
  const slow = await b.next();
  await answer(await b.next());
  const { routing } = await call;
  const used = routing?.attempts.map(({ model, credential }) => [model, credential]) ?? [];
  expect(used.map(([model]) => model)).toEqual(["b/m", "b/n"]);
  expect(new Set(used.map(([, credential]) => credential))).toEqual(new Set(["blue", "green"]));
  await slow.connection.closed;
});

test("S8: where there is no other target, another credential of the same is asked", async () => {
  const credentials = ["blue", "green"].map((name) => ({ name, apiKey: `key-${name}` }));
  await using b = await HeldUpstream.start();
  const providers = { b: { kind: "openai-compatible", baseUrl: `${b.url}/v1`, credentials } };
  const policies = { hedged: { targets: [{ model: "b/m" }], hedge: always, maxAttempts: 3 } };
  await using gateway = await TestGateway.start({ providers, models: { policies } });
  const call = gateway.complete(asked);
  const slow = await b.next();
  const hedge = await b.next();
  // It is asked already, so the refusal of the other leads nowhere else.
  await slow.connection.respond(401, "{}");
  await expect.poll(() => gateway.metric("retries_total", { provider: "b", to: "other" })).toBe(1);
  await answer(hedge);
  const { routing } = await call;
  expect(routing?.attempts).toMatchObject([
    { number: 1, model: "b/m", credential: "blue", outcome: FAILED, hedge: false },
    { number: 2, model: "b/m", credential: "green", outcome: SUCCEEDED, hedge: true },
  ]);
  expect(b.hits).toBe(2);
});

test("S8: after a failure there is no hedge, least of all after a 429", async () => {
  const policies = { hedged: { targets, hedge: always }, other: { targets: targets.slice(1), hedge: always } };
  await using at = await heldWorld({ models: { policies } });
  const call = at.gateway.complete(asked);
  await (await at.a.next()).connection.respond(429, "{}");
  const second = await at.b.next();
  const hedged = at.gateway.complete({ ...asked, model: "policies/other" });
  await at.b.next();
  await answer(await at.c.next());
  expect((await hedged).routing?.provider).toBe("c");
  await answer(second);
  expect((await call).routing).toMatchObject({ provider: "b", attemptCount: 2 });
  expect(at.c.hits).toBe(1);
});
