import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Breakers } from "../../src/health/breakers.ts";
import { GatewayError } from "../../src/model/error.ts";
import type { Provider, Target } from "../../src/model/target.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const timeouts = { firstOutputMs: 1000, idleMs: 1000, totalMs: 1000 };
const provider: Provider = { id: "p", displayName: "P", models: new Map(), defaultModel: undefined, timeouts };

function targetOf(model: string): Target {
  const facts = {
    type: undefined,
    contextWindow: 0,
    maxOutputTokens: 0,
    dimensions: 0,
    retireTimeMs: 0,
    inputModalities: [],
    outputModalities: [],
    features: new Set<string>(),
    priceList: undefined,
  };
  return { provider, model, selector: `p/${model}`, facts };
}

function guarding(changes: string[] = []) {
  const breakers = new Breakers({
    nowMs: () => performance.now(),
    random: () => 0,
    changed: ({ id }, scope, model, state) => changes.push([id, scope, model, state].join(" ")),
    cooled: ({ provider, model, forMs }) => changes.push(`${provider} ${model} cools ${forMs}`),
  });
  breakers.configure([[provider]], 1000);
  return breakers;
}

const failure = new GatewayError("PROVIDER_OVERLOADED", "", { upstream: { status: 529, code: "", requestId: "" } });
const refused = new GatewayError("PROVIDER_UNAVAILABLE", "", { metadata: { cause: "connect" } });

async function fail(breakers: Breakers, model: string, error: GatewayError, times = 5): Promise<void> {
  for (let i = 0; i < times; i++) breakers.enter(targetOf(model)).ended(error);
  await vi.advanceTimersByTimeAsync(0);
}

test("says how long a target is not worth a try", async () => {
  const changes: string[] = [];
  const breakers = guarding(changes);
  expect(breakers.waitMs(targetOf("a"))).toBe(0);
  await fail(breakers, "a", failure);
  expect([breakers.waitMs(targetOf("a")), breakers.waitMs(targetOf("b"))]).toEqual([1000, 0]);
  await fail(breakers, "b", refused);
  expect(breakers.waitMs(targetOf("c"))).toBe(1000);
  expect(changes).toEqual(["p model a open", "p endpoint  open"]);
  expect(() => breakers.enter(targetOf("c"))).toThrow("p/c is not called for now");
});

test("credentials of one provider share its address and its models, and have pauses of their own", async () => {
  const [blue, green] = ["blue", "green"].map((credential) => ({ ...provider, credential }));
  if (blue === undefined || green === undefined) throw new Error("no twins");
  const breakers = guarding();
  const at = (twin: Provider, model: string) => ({ ...targetOf(model), provider: twin });
  breakers.configure([[blue, green]], 1000);
  breakers.enter(at(blue, "a")).ended(new GatewayError("PROVIDER_RATE_LIMITED", "", { retryMs: 5000 }));
  expect([breakers.waitMs(at(blue, "a")), breakers.waitMs(at(green, "a"))]).toEqual([5000, 0]);
  for (let i = 0; i < 5; i++) breakers.enter(at(i % 2 === 0 ? blue : green, "b")).ended(failure);
  await vi.advanceTimersByTimeAsync(0);
  expect([breakers.waitMs(at(blue, "b")), breakers.waitMs(at(green, "b"))]).toEqual([1000, 1000]);
  expect(breakers.obstruction(at(green, "b"))).toEqual({
    reason: "NO_HEALTHY_TARGET",
    cause: "circuit_model",
    waitMs: 1000,
  });
  // The place outlives the credential that was there first; with the last one it goes, and its timers.
  breakers.configure([[green]], 1000);
  expect(breakers.waitMs(at(green, "b"))).toBe(1000);
  breakers.configure([], 1000);
  expect(vi.getTimerCount()).toBe(0);
});

test("the longest of pause and circuits counts", async () => {
  const breakers = guarding();
  breakers.enter(targetOf("a")).ended(new GatewayError("PROVIDER_RATE_LIMITED", "", { retryMs: 5000 }));
  expect(breakers.waitMs(targetOf("a"))).toBe(5000);
  await fail(breakers, "b", refused);
  expect(breakers.waitMs(targetOf("a"))).toBe(5000);
  await vi.advanceTimersByTimeAsync(4500);
  expect(breakers.waitMs(targetOf("a"))).toBe(500);
});

test("a trial that has brought content is decided, although its stream goes on", async () => {
  const breakers = guarding();
  await fail(breakers, "a", failure);
  await vi.advanceTimersByTimeAsync(1000);
  const trial = breakers.enter(targetOf("a"));
  expect(breakers.waitMs(targetOf("a"))).toBe(1000);
  expect(() => breakers.enter(targetOf("a"))).toThrow(GatewayError);
  trial.answered();
  await vi.advanceTimersByTimeAsync(0);
  expect(breakers.waitMs(targetOf("a"))).toBe(0);
  trial.ended(failure);
  await fail(breakers, "a", failure, 4);
  expect(breakers.waitMs(targetOf("a"))).toBe(1000);
});

test("a trial whose caller left makes room for the next", async () => {
  const breakers = guarding();
  await fail(breakers, "a", failure);
  await vi.advanceTimersByTimeAsync(1000);
  breakers.enter(targetOf("a")).ended(new GatewayError("CANCELLED", ""));
  expect(breakers.waitMs(targetOf("a"))).toBe(0);
});

test("names that callers invent do not fill the memory", async () => {
  const breakers = guarding();
  await fail(breakers, "first", failure);
  for (let i = 0; i < 999; i++) breakers.enter(targetOf(`m-${i}`)).ended(undefined);
  expect(breakers.waitMs(targetOf("first"))).toBe(1000);
  breakers.enter(targetOf("one-more")).ended(undefined);
  expect(breakers.waitMs(targetOf("first"))).toBe(0);
  const unknown = new GatewayError("MODEL_NOT_FOUND", "", { upstream: { status: 404, code: "", requestId: "" } });
  await fail(breakers, "m-1", failure, 4);
  for (let i = 0; i < 5000; i++) breakers.enter(targetOf(`x-${i}`)).ended(unknown);
  expect(breakers.waitMs(targetOf("m-1"))).toBe(1000);
});

test("calls to a provider that is configured no more are let through", async () => {
  const changes: string[] = [];
  const breakers = guarding(changes);
  await fail(breakers, "a", refused);
  breakers.configure([], 1000);
  expect(breakers.waitMs(targetOf("a"))).toBe(0);
  await fail(breakers, "a", failure, 10);
  await vi.advanceTimersByTimeAsync(1000);
  expect(changes).toEqual(["p endpoint  open"]);
});

test.each([
  ["an address", refused, "endpoint"],
  [
    "a credential",
    new GatewayError("PROVIDER_CREDENTIAL_INVALID", "", { upstream: { status: 401, code: "", requestId: "" } }),
    "credential",
  ],
] as const)("two checks in a row that fail take %s out, one that succeeds brings it back", (_what, error, scope) => {
  const breakers = guarding();
  const guard = breakers.of(provider);
  guard?.checked(error);
  guard?.checked(undefined);
  guard?.checked(error);
  expect(guard?.worst(scope)).toBe("closed");
  guard?.checked(error);
  expect(guard?.worst(scope)).toBe("open");
  guard?.checked(undefined);
  expect(guard?.worst(scope)).toBe("closed");
});

test.each([
  ["a list that is not for this key", "PROVIDER_CREDENTIAL_INVALID", 403],
  ["a list that cannot be had", "PROVIDER_UNAVAILABLE", 500],
  ["a rate limit", "PROVIDER_RATE_LIMITED", 429],
] as const)("%s says nothing about calls", (_what, reason, status) => {
  const guard = guarding().of(provider);
  const error = new GatewayError(reason, "", { upstream: { status, code: "", requestId: "" } });
  for (let i = 0; i < 10; i++) guard?.checked(error);
  expect([guard?.worst("endpoint"), guard?.worst("credential"), guard?.worst("model")]).toEqual(
    Array(3).fill("closed"),
  );
});
