import { createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { CompletionFailureSchema, CompletionView } from "../../gen/llmhub/v1/completion_pb.ts";
import { EmbeddingService } from "../../gen/llmhub/v1/embedding_service_pb.ts";
import { HealthState, ModelService } from "../../gen/llmhub/v1/model_service_pb.ts";
import { AttemptOutcome, type RoutingInfo } from "../../gen/llmhub/v1/routing_pb.ts";
import { type TestConfig, TestGateway } from "../support/gateway.ts";
import { ScriptedUpstream } from "../support/scripted-upstream.ts";
import { chat } from "./faults/dialects.ts";
import { faultOf } from "./faults/fault.ts";

/** Status and headers of the answer to a key; absent: it is served. */
type Refusals = Record<string, readonly [status: number, headers?: Record<string, string>] | "reset">;

const vectors = JSON.stringify({ model: "m", data: [{ index: 0, embedding: [1] }], usage: { prompt_tokens: 1 } });
const keyOf = (headers: Readonly<Record<string, string>>) => headers["authorization"]?.replace("Bearer canary-", "");

/** A provider "up" with credentials of these names, whose upstream refuses some, and a gateway before it. */
async function world(names: readonly string[], refusals: Refusals = {}, config: Partial<TestConfig> = {}) {
  const upstream = await ScriptedUpstream.start(async (connection) => {
    for (;;) {
      const { headers, path } = await connection.request();
      const refusal = refusals[keyOf(headers) ?? ""];
      if (refusal === "reset") return connection.reset();
      if (refusal !== undefined) await connection.respond(refusal[0], "{}", refusal[1]);
      else await connection.respond(200, path.endsWith("embeddings") ? vectors : chat.whole("Hello"));
    }
  });
  const sectionOf = (...credentials: readonly string[]) => ({
    kind: chat.kind,
    baseUrl: `${upstream.url}/v1`,
    credentials: credentials.map((name) => ({ name, apiKey: `canary-${name}` })),
  });
  const { providers, ...rest } = config;
  const sections = { models: { retry: {} }, health: { trialAfter: "10m" }, ...rest };
  const gateway = await TestGateway.start({ providers: { up: sectionOf(...names), ...providers }, ...sections });
  return {
    gateway,
    refusals,
    /** Names of the credentials that came, in order, since the last look. */
    seen: () => upstream.requests.splice(0).map(({ headers }) => keyOf(headers)),
    ask: (rest: object = {}) =>
      gateway.complete({ model: "up/m", input: "Say hello", view: CompletionView.FULL, ...rest }),
    reload: (...credentials: readonly string[]) =>
      gateway.reload({ providers: { up: sectionOf(...credentials) }, ...sections }),
    state: (scope: string, labels = {}) => gateway.metric("breaker_state", { provider: "up", scope, ...labels }),
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

const { FAILED, SKIPPED, SUCCEEDED } = AttemptOutcome;
const attemptsOf = (routing: RoutingInfo | undefined) =>
  routing?.attempts.map(({ credential, outcome, errorReason }) => [credential, outcome, errorReason]);
const causesOf = (routing: RoutingInfo | undefined) => routing?.attempts.map(({ errorCause }) => errorCause);

test("credentials take turns, and are told apart by name, never by key", async () => {
  await using at = await world(["a", "b"]);
  const answers = [];
  for (let i = 0; i < 4; i++) answers.push((await at.ask()).routing);
  expect(at.seen()).toEqual(["a", "b", "a", "b"]);
  expect(answers.map(attemptsOf)).toEqual(["a", "b", "a", "b"].map((name) => [[name, SUCCEEDED, ""]]));
  for (const credential of ["a", "b"]) {
    expect(await at.gateway.metric("upstream_attempts_total", { credential, outcome: "ok" })).toBe(2);
  }
  expect(await at.gateway.metrics()).not.toContain("canary");
});

test("calls that belong together keep their credential", async () => {
  await using at = await world(["a", "b", "c"]);
  const of = async (affinityKey: string) => {
    for (let i = 0; i < 3; i++) await at.ask({ routing: { affinityKey } });
    const seen = at.seen();
    expect(new Set(seen).size).toBe(1);
    return seen[0];
  };
  const found = new Set<string | undefined>();
  for (let key = 0; key < 20; key++) found.add(await of(`conversation-${key}`));
  expect(found).toEqual(new Set(["a", "b", "c"]));
});

test.each([401, 403])(
  "U19: a key that is refused (%i) is not tried again, and the next answers at once",
  async (status) => {
    await using at = await world(["a", "b"], { a: [status] });
    const { routing } = await at.ask();
    expect(attemptsOf(routing)).toEqual([
      ["a", FAILED, "PROVIDER_CREDENTIAL_INVALID"],
      ["b", SUCCEEDED, ""],
    ]);
    expect(at.seen()).toEqual(["a", "b"]);
    expect(await at.gateway.metric("credential_unhealthy", { provider: "up", credential: "a" })).toBe(1);
    expect(await at.gateway.metric("credential_unhealthy", { provider: "up", credential: "b" })).toBe(0);
    expect(await at.gateway.metric("retries_total", { provider: "up", to: "other" })).toBe(1);
    for (let i = 0; i < 10; i++) await at.ask();
    // Five failures take it out.
    expect(at.seen().filter((name) => name === "a").length).toBe(4);
    expect(await at.state("credential", { credential: "a" })).toBe(2);
    expect([await at.state("credential", { credential: "b" }), await at.state("model")]).toEqual([0, 0]);
    const passed = (await at.ask()).routing;
    expect(attemptsOf(passed)).toEqual([
      ["a", SKIPPED, "NO_HEALTHY_TARGET"],
      ["b", SUCCEEDED, ""],
    ]);
    expect(causesOf(passed)).toEqual(["circuit_credential", ""]);
    const models = createClient(ModelService, at.gateway.transport);
    expect((await models.getProvider({ name: "providers/up" })).provider?.health?.state).toBeGreaterThanOrEqual(
      HealthState.DEGRADED,
    );
  },
);

test("U19: when every key is refused, the caller hears of all, and not of a 401", async () => {
  await using at = await world(["a", "b"], { a: [401], b: [403] });
  const error = await at.gateway.failure({ model: "up/m", input: "x" });
  const bad = "PROVIDER_CREDENTIAL_INVALID";
  expect(faultOf(error)).toMatchObject({ code: "FailedPrecondition", reason: bad, attempts: [bad, bad] });
  expect(at.seen()).toEqual(["a", "b"]);
});

test("U15: a limit is one of a key: another answers at once, until the first may be asked again", async () => {
  await using at = await world(["a", "b"], { a: [429, { "retry-after": "300" }] });
  await at.ask();
  expect(at.seen()).toEqual(["a", "b"]);
  for (let i = 0; i < 3; i++) await at.ask();
  const { routing } = await at.ask();
  expect(at.seen()).toEqual(["b", "b", "b", "b"]);
  expect(attemptsOf(routing)?.[0]).toEqual(["a", SKIPPED, "PROVIDER_RATE_LIMITED"]);
  expect(causesOf(routing)).toEqual(["cooldown", ""]);
  expect(await at.gateway.metric("cooldown_seconds", { credential: "a" })).toBeGreaterThan(290);
  expect(await at.gateway.metric("cooldown_seconds", { credential: "b" })).toBe(0);
  expect(await at.state("credential")).toBe(0);
  const models = createClient(ModelService, at.gateway.transport);
  const { models: listed } = await models.listModels({ provider: "up" });
  expect(listed.every(({ health }) => health?.state !== HealthState.UNAVAILABLE)).toBe(true);
});

test("U15: when all are limited the caller hears of the first that is back", async () => {
  await using at = await world(["a", "b", "c"], {
    a: [429, { "retry-after": "300" }],
    b: [429, { "retry-after": "100" }],
    c: [429, { "retry-after": "200" }],
  });
  const waitOf = async () => {
    const error = await at.gateway.failure({ model: "up/m", input: "x" }, { timeoutMs: 20_000 });
    expect(faultOf(error).reason).toBe("PROVIDER_RATE_LIMITED");
    return Number(error.findDetails(RetryInfoSchema)[0]?.retryDelay?.seconds);
  };
  for (const seen of [["a", "b", "c"], []]) {
    const wait = await waitOf();
    expect(wait).toBeGreaterThan(90);
    expect(wait).toBeLessThanOrEqual(100);
    expect(at.seen()).toEqual(seen);
  }
});

test("U15: when all want a short pause, the first that is back is asked again", async () => {
  const limits: Refusals = { a: [429, { "retry-after-ms": "5000" }], b: [429, { "retry-after-ms": "40" }] };
  const retry = { initialBackoff: "1ms", maxBackoff: "1ms" };
  await using at = await world(["a", "b"], limits, { models: { retry } });
  const error = await at.gateway.failure({ model: "up/m", input: "x", routing: { maxAttempts: 3 } });
  const { attempts = [] } = error.findDetails(CompletionFailureSchema)[0] ?? {};
  expect(attempts.map(({ credential }) => credential)).toEqual(["a", "b", "b"]);
  expect(at.seen()).toEqual(["a", "b", "b"]);
});

test("U17: an empty account is one of a key", async () => {
  await using at = await world(["a", "b"], { a: [402] });
  expect(attemptsOf((await at.ask()).routing)).toEqual([
    ["a", FAILED, "PROVIDER_QUOTA_EXHAUSTED"],
    ["b", SUCCEEDED, ""],
  ]);
  await at.ask();
  expect(at.seen()).toEqual(["a", "b", "b"]);
});

test("U18: what fails for the model fails with every key: the next target is asked, and all keys share the circuit", async () => {
  await using spare = await ScriptedUpstream.start(async (connection) => {
    for (;;) {
      await connection.request();
      await connection.respond(200, chat.whole("Hello"));
    }
  });
  const providers = { spare: { kind: chat.kind, baseUrl: `${spare.url}/v1` } };
  const models = { policies: { both: { targets: [{ model: "up/m" }, { model: "spare/m" }] } } };
  await using at = await world(["a", "b"], { a: [500], b: [500] }, { providers, models });
  for (let i = 0; i < 5; i++) await at.ask({ model: "policies/both" });
  expect(at.seen()).toEqual(["a", "b", "a", "b", "a"]);
  expect([await at.state("model"), await at.state("credential")]).toEqual([2, 0]);
  expect(attemptsOf((await at.ask({ model: "policies/both" })).routing)).toEqual([
    ["a", SKIPPED, "NO_HEALTHY_TARGET"],
    ["b", SKIPPED, "NO_HEALTHY_TARGET"],
    ["", SUCCEEDED, ""],
  ]);
  expect(at.seen()).toEqual([]);
});

test("U1: an address that fails is out for all keys", async () => {
  await using at = await world(["a", "b"], { a: "reset", b: "reset" }, { models: { retry: { maxAttempts: 1 } } });
  for (let i = 0; i < 5; i++) await at.gateway.failure({ model: "up/m", input: "x" });
  expect([await at.state("endpoint"), await at.state("credential")]).toEqual([2, 0]);
  at.seen();
  expect(faultOf(await at.gateway.failure({ model: "up/m", input: "x" }))).toMatchObject({ cause: "circuit_endpoint" });
  expect(at.seen()).toEqual([]);
});

test("a policy may keep to some, and one attempt is one", async () => {
  const models = {
    retry: { maxAttempts: 1 },
    policies: { some: { targets: [{ model: "up/m", credentials: ["b", "c"] }] } },
  };
  await using at = await world(["a", "b", "c"], {}, { models });
  for (let i = 0; i < 3; i++) await at.ask({ model: "policies/some" });
  expect(at.seen()).toEqual(["b", "c", "b"]);
  at.refusals["c"] = [401];
  const error = await at.gateway.failure({ model: "policies/some", input: "x", routing: { maxAttempts: 1 } });
  expect(error.findDetails(CompletionFailureSchema)[0]?.attempts.map(({ credential }) => credential)).toEqual(["c"]);
  expect(at.seen()).toEqual(["c"]);
});

test("a reload keeps what is known of the keys that stay", async () => {
  await using at = await world(["a", "b"], { a: [429, { "retry-after": "300" }], b: [500] });
  for (let i = 0; i < 6; i++) await at.gateway.failure({ model: "up/m", input: "x", routing: { maxAttempts: 1 } });
  expect(await at.state("model")).toBe(2);
  await at.reload("a", "b", "c");
  expect(await at.state("model")).toBe(2);
  await at.reload("a", "c");
  expect(await at.gateway.metric("cooldown_seconds", { credential: "a" })).toBeGreaterThan(290);
  // The model is out for whoever shares the place with those who found out.
  await at.reload("c");
  expect(await at.state("model")).toBe(2);
  await at.reload("d");
  expect(await at.state("model")).toBe(0);
  at.seen();
  await at.ask();
  expect(at.seen()).toEqual(["d"]);
});

test("embeddings go to the next key of the same model", async () => {
  await using at = await world(["a", "b"], { a: [401] });
  const client = createClient(EmbeddingService, at.gateway.transport);
  const { vectors: found } = await client.embed({ model: "up/m", inputs: ["x"] });
  expect(found.length).toBe(1);
  expect(at.seen()).toEqual(["a", "b"]);
});
