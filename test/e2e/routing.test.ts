import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { CompletionView } from "../../gen/llmhub/v1/completion_pb.ts";
import { EmbeddingService } from "../../gen/llmhub/v1/embedding_service_pb.ts";
import { ModelService } from "../../gen/llmhub/v1/model_service_pb.ts";
import { AttemptOutcome, RoutingStrategy } from "../../gen/llmhub/v1/routing_pb.ts";
import { type ProviderSection, type TestConfig, TestGateway } from "../support/gateway.ts";
import { type Answer, failing, scriptedProviders, well } from "./scripted-providers.ts";

const input = "Say hello";
const quick = { initialBackoff: "1ms", maxBackoff: "1ms" };
const prices = (dollars: number) => ({ models: { m: { prices: { input: dollars, output: dollars } } } });

/** Providers that answer so, and a gateway before them. */
async function world(answers: Readonly<Record<string, Answer>>, config: Omit<TestConfig, "providers">, sections = {}) {
  const more = new Map<string, Partial<ProviderSection>>(Object.entries(sections));
  const { upstreams, providers } = await scriptedProviders(answers, (id) => more.get(id));
  const gateway = await TestGateway.start({ providers, ...config });
  return {
    gateway,
    hits: (id: string) => upstreams.get(id)?.requests.length,
    bodies: (id: string) => upstreams.get(id)?.requests.map(({ body }) => JSON.parse(body)),
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      for (const upstream of upstreams.values()) await upstream[Symbol.asyncDispose]();
    },
  };
}

const reasonOf = (error: ConnectError) => error.findDetails(ErrorInfoSchema)[0]?.reason;
const policyOf = (...ids: string[]) => ({ targets: ids.map((id) => ({ model: `${id}/m` })) });

test("a plain model is asked again after a failure", async () => {
  const first: Answer = (connection, hit) => (hit === 1 ? failing(500)(connection, hit) : well(connection, hit));
  await using at = await world({ a: first }, { models: { retry: quick } });
  const { routing } = await at.gateway.complete({ model: "a/m", input, view: CompletionView.FULL });
  expect(routing).toMatchObject({ attemptCount: 2, policy: "", model: "a/m" });
  expect(routing?.attempts.map(({ outcome }) => outcome)).toEqual([AttemptOutcome.FAILED, AttemptOutcome.SUCCEEDED]);
  expect(at.hits("a")).toBe(2);
  expect(await at.gateway.metric("retries_total", { provider: "a", to: "repeat" })).toBe(1);
});

test("U1, U18: a call is not tried more often than allowed, and says so", async () => {
  await using at = await world({ a: failing(500) }, { models: { retry: { ...quick, maxAttempts: 2 } } });
  expect(reasonOf(await at.gateway.failure({ model: "a/m", input }))).toBe("PROVIDER_UNAVAILABLE");
  expect(at.hits("a")).toBe(2);
  const once = { maxAttempts: 1 };
  await at.gateway.failure({ model: "a/m", input, routing: once });
  expect(at.hits("a")).toBe(3);
});

test("U15: a short wait that the provider asks for is kept, a long one is passed on at once", async () => {
  const limited: Answer = (connection, hit) =>
    hit === 1 ? failing(429, { "retry-after-ms": "40" })(connection, hit) : well(connection, hit);
  await using short = await world({ a: limited }, { models: { retry: quick } });
  const startMs = performance.now();
  const { routing } = await short.gateway.complete({ model: "a/m", input });
  expect(routing?.attemptCount).toBe(2);
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(40);

  await using long = await world({ a: failing(429, { "retry-after": "50" }) }, { models: { retry: quick } });
  const error = await long.gateway.failure({ model: "a/m", input }, { timeoutMs: 20_000 });
  expect([reasonOf(error), error.metadata.get("retry-after")]).toEqual(["PROVIDER_RATE_LIMITED", "50"]);
  expect(long.hits("a")).toBe(1);
});

test("S10: a caller who leaves ends the wait", async () => {
  const cancel = new AbortController();
  const limited: Answer = async (connection, hit) => {
    await failing(429, { "retry-after": "30" })(connection, hit);
    setTimeout(() => cancel.abort(), 50);
  };
  await using at = await world({ a: limited }, { models: { retry: quick } });
  const error = await at.gateway.failure({ model: "a/m", input }, { signal: cancel.signal });
  expect(error.code).toBe(Code.Canceled);
  await expect.poll(() => at.gateway.metric("calls_total", { code: "CANCELLED" })).toBe(1);
  expect(at.hits("a")).toBe(1);
});

test("S5: a thousand calls to a target that always fails are 1,103 calls at most", async () => {
  const models = { policies: { one: { ...policyOf("a"), ...quick, maxAttempts: 10 } } };
  await using at = await world({ a: failing(500) }, { models, health: { breakers: false } });
  const { gateway } = at;
  const startMs = performance.now();
  for (let batch = 0; batch < 20; batch++) {
    await Promise.all(Array.from({ length: 50 }, () => gateway.failure({ model: "policies/one", input })));
  }
  expect(at.hits("a")).toBeGreaterThan(1050);
  // Three more for each window of ten seconds that the calls took.
  const windows = 1 + Math.floor((performance.now() - startMs) / 10_000);
  expect(at.hits("a")).toBeLessThanOrEqual(1100 + 3 * windows);
  expect(await gateway.metric("retries_total", { to: "over_budget" })).toBeGreaterThan(800);
}, 60_000);

test("S9: a target that hangs leaves time for the next", async () => {
  const hanging: Answer = (connection) => connection.closed;
  await using at = await world({ a: hanging, b: well }, { models: { policies: { both: policyOf("a", "b") } } });
  const { routing } = await at.gateway.complete({ model: "policies/both", input }, { timeoutMs: 2000 });
  expect(routing).toMatchObject({ model: "b/m", attemptCount: 2 });
});

test("a chain falls through for its reasons only, with its settings", async () => {
  const steps = [
    { target: "a/m", maxRetries: 0, fallThroughOn: ["PROVIDER_RATE_LIMITED"] },
    { target: "policies/rest", overrides: { temperature: 0.25, maxOutputTokens: 7 } },
  ];
  const models = { policies: { rest: policyOf("b") }, chains: { deep: { steps } }, aliases: { deep: "chains/deep" } };
  const answers: Answer[] = [failing(429), failing(503)];
  const first: Answer = (connection, hit) => (answers[hit - 1] ?? well)(connection, hit);
  await using at = await world({ a: first, b: well }, { models, health: { breakers: false } });
  const { routing } = await at.gateway.complete({ model: "deep", input, temperature: 1 });
  expect(routing).toMatchObject({ model: "b/m", policy: "chains/deep", requestedModel: "deep", attemptCount: 2 });
  expect(at.bodies("b")?.[0]).toMatchObject({ temperature: 0.25 });
  expect(at.bodies("a")?.[0]).toMatchObject({ temperature: 1 });

  expect(reasonOf(await at.gateway.failure({ model: "chains/deep", input }))).toBe("PROVIDER_OVERLOADED");
  expect(at.hits("b")).toBe(1);
  const chain = "chains/deep";
  const outcomes = ["provider_rate_limited", "provider_overloaded"];
  for (const outcome of outcomes) {
    expect(await at.gateway.metric("chain_steps_total", { chain, step: "1", outcome })).toBe(1);
  }
  expect(await at.gateway.metric("chain_steps_total", { chain, step: "2", outcome: "ok" })).toBe(1);
});

test("a step that takes too long is left", async () => {
  const steps = [{ target: "a/m", maxLatency: "100ms" }, { target: "b/m" }];
  const hanging: Answer = (connection) => connection.closed;
  await using at = await world({ a: hanging, b: well }, { models: { chains: { deep: { steps } } } });
  const { routing } = await at.gateway.complete({ model: "chains/deep", input });
  expect(routing).toMatchObject({ model: "b/m", attemptCount: 2 });
});

test("turns, arms and sticky keys decide who answers", async () => {
  const arms = [
    { model: "a/m", weight: 1, arm: "old" },
    { model: "b/m", weight: 1, arm: "new" },
  ];
  const policies = {
    turns: { strategy: "round-robin", ...policyOf("a", "b") },
    test: { strategy: "weighted", targets: arms, stickyTo: "end-user" },
  };
  await using at = await world({ a: well, b: well }, { models: { policies } });
  const ask = async (request: object) => (await at.gateway.complete({ input, ...request })).routing;
  const turns: (string | undefined)[] = [];
  for (let call = 0; call < 4; call++) turns.push((await ask({ model: "policies/turns" }))?.provider);
  expect(turns).toEqual(["a", "b", "a", "b"]);

  const users = Array.from({ length: 8 }, (_, i) => `user-${i}`);
  const armsOf = () =>
    Promise.all(users.map(async (endUserId) => (await ask({ model: "policies/test", endUserId }))?.experimentArm));
  const before = await armsOf();
  expect(new Set(before)).toEqual(new Set(["old", "new"]));
  expect(await armsOf()).toEqual(before);
});

test("callers choose within what a policy allows", async () => {
  const policies = {
    open: policyOf("a", "b"),
    closed: { ...policyOf("a", "b"), overridable: ["maxAttempts"] },
  };
  const sections = { a: prices(100), b: prices(1) };
  await using at = await world({ a: well, b: well, c: failing(503) }, { models: { policies } }, sections);
  const providerFor = async (model: string, routing: object) =>
    (await at.gateway.complete({ model, input, routing, maxOutputTokens: 100 })).routing?.provider;
  expect(await providerFor("policies/open", {})).toBe("a");
  expect(await providerFor("policies/open", { deniedProviders: ["a"] })).toBe("b");
  expect(await providerFor("policies/open", { strategy: RoutingStrategy.LOWEST_COST })).toBe("b");
  const maxCost = { currencyCode: "USD", amountNanos: 1_000_000n };
  expect(await providerFor("policies/open", { maxCost })).toBe("b");
  expect(await providerFor("c/m", { fallbackModels: ["c/m", "b/m"] })).toBe("b");
  expect(await providerFor("policies/closed", { maxAttempts: 2 })).toBe("a");

  const refused = await at.gateway.failure({ model: "policies/closed", input, routing: { deniedProviders: ["a"] } });
  expect(refused.findDetails(BadRequestSchema)[0]?.fieldViolations[0]).toMatchObject({
    field: "routing.denied_providers",
    reason: "NOT_OVERRIDABLE",
  });
  const none = await at.gateway.failure({ model: "policies/open", input, routing: { deniedProviders: ["a", "b"] } });
  expect(none.findDetails(BadRequestSchema)[0]?.fieldViolations[0]?.reason).toBe("NO_TARGET_LEFT");
});

test("targets that are out are passed over, and when all are the caller hears when one will be back", async () => {
  const models = { policies: { both: policyOf("a", "b") } };
  const limited = failing(429, { "retry-after": "300" });
  await using at = await world({ a: limited, b: well }, { models });
  await at.gateway.complete({ model: "policies/both", input });
  const { routing } = await at.gateway.complete({ model: "policies/both", input, view: CompletionView.FULL });
  expect(routing).toMatchObject({ attemptCount: 1, model: "b/m" });
  expect(routing?.attempts.map(({ model, outcome }) => [model, outcome])).toEqual([
    ["a/m", AttemptOutcome.SKIPPED],
    ["b/m", AttemptOutcome.SUCCEEDED],
  ]);
  const error = await at.gateway.failure({ model: "a/m", input });
  expect(reasonOf(error)).toBe("PROVIDER_RATE_LIMITED");
  expect(Number(error.findDetails(RetryInfoSchema)[0]?.retryDelay?.seconds)).toBeGreaterThan(290);
  expect(at.hits("a")).toBe(1);
});

test("embeddings keep their model", async () => {
  const policies = { mixed: { targets: [{ model: "a/small" }, { model: "b/large" }] } };
  await using at = await world({ a: well, b: well }, { models: { policies } });
  const client = createClient(EmbeddingService, at.gateway.transport);
  const error = await client.embed({ model: "policies/mixed", inputs: ["x"] }).then(() => undefined, ConnectError.from);
  expect(error?.findDetails(BadRequestSchema)[0]?.fieldViolations[0]?.reason).toBe("OTHER_VECTORS");
  expect([at.hits("a"), at.hits("b")]).toEqual([0, 0]);
});

test("models tell what leads to them, and names what they lead to", async () => {
  const models = {
    aliases: { best: "policies/both" },
    policies: { both: policyOf("b", "a") },
    chains: { deep: { steps: [{ target: "policies/both" }, { target: "a/m" }] } },
  };
  await using at = await world({ a: well, b: well }, { models });
  const client = createClient(ModelService, at.gateway.transport);
  for (const name of ["policies/both", "chains/deep", "best"]) {
    const { model, targets } = await client.getModel({ name });
    expect([model?.selector, targets]).toEqual(["b/m", ["b/m", "a/m"]]);
  }
  const listed = await client.listModels({});
  expect(listed.models.map(({ selector, aliases }) => [selector, aliases])).toEqual(
    ["a/m", "b/m"].map((selector) => [selector, ["best", "chains/deep", "policies/both"]]),
  );
});
