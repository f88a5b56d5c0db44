import { create, type MessageInitShape } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CompleteRequestSchema, CompletionFailureSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { AttemptOutcome } from "../../gen/llmhub/v1/routing_pb.ts";
import { HedgeBudget } from "../../src/dispatch/hedge-budget.ts";
import { Journey, type JourneyParts, type WentOn } from "../../src/dispatch/journey.ts";
import { unknownModel } from "../../src/dispatch/known-facts.ts";
import { planOf } from "../../src/dispatch/planner.ts";
import { Readings } from "../../src/dispatch/readings.ts";
import { RetryBudget } from "../../src/dispatch/retry-budget.ts";
import { Router } from "../../src/dispatch/router.ts";
import { Turns } from "../../src/dispatch/view.ts";
import { attemptRecord } from "../../src/model/attempt-record.ts";
import type { Attempt, Call } from "../../src/model/call.ts";
import { GatewayError, type Reason } from "../../src/model/error.ts";
import type { ChainStep, Policy, RetryRules, Strategy } from "../../src/model/policy.ts";
import type { Outcome, Reply } from "../../src/model/reply.ts";
import type { Provider } from "../../src/model/target.ts";
import { finished, replyOf } from "../interceptors/call/ended-call.ts";
import { rpcWith } from "../support/rpc.ts";

const retry: RetryRules = { maxAttempts: undefined, initialBackoffMs: 1, maxBackoffMs: 1 };
const timeouts = { firstOutputMs: 1000, idleMs: 1000, totalMs: 1000 };

/** A provider whose model "m" costs so many billionths of a dollar for a million tokens. */
function providerOf(id: string, nanos: bigint): [string, Provider] {
  const prices = ["input", "output"].map((meter) => ({ meter, nanosPerMillion: nanos, fromInputTokens: 0 }));
  const facts = { ...unknownModel, priceList: { name: "test", prices } };
  return [id, { id, displayName: id, models: new Map([["m", facts]]), defaultModel: undefined, timeouts }];
}

const providers = new Map([providerOf("a", 3_000_000n), providerOf("b", 1_000_000n), providerOf("c", 2_000_000n)]);
const stepOf = (target: string, rest: Partial<ChainStep> = {}): ChainStep => ({
  target,
  maxRetries: 0,
  maxLatencyMs: undefined,
  fallThroughOn: undefined,
  overrides: undefined,
  ...rest,
});

function routerOf(...steps: ChainStep[]): Router {
  const chains = new Map([["all", { maxLatencyMs: undefined, steps }]]);
  const targets = ["a/m", "b/m"].map((model) => ({ model, weight: 1, arm: "" }));
  const both: Policy = { strategy: "priority", targets, retry, stickyTo: undefined, overridable: undefined };
  const policies = new Map([["both", both]]);
  return new Router({ providers, aliases: new Map(), policies, chains, retry, defaultModel: undefined });
}

function callOf(request: MessageInitShape<typeof CompleteRequestSchema>, leftMs = 60_000): Call {
  const rpc = rpcWith({ deadlineMs: performance.now() + leftMs });
  const asked = create(CompleteRequestSchema, { model: "chains/all", input: "x", ...request });
  return { id: "cmp_1", rpc, request: asked, stream: false };
}

function failed(attempt: Attempt, reason: Reason, metadata = {}): GatewayError {
  const record = attemptRecord(attempt, performance.now(), { outcome: AttemptOutcome.FAILED, errorReason: reason });
  const failure = create(CompletionFailureSchema, { attempts: [...attempt.failures, record] });
  return new GatewayError(reason, "failed", { metadata }).withFailure(failure);
}

/** Makes a call whose attempts end so; says what was asked, how the steps ended, and with what error. */
async function travel(
  router: Router,
  call: Call,
  answer: (attempt: Attempt) => GatewayError | Promise<Outcome>,
  waits: Readonly<Record<string, number>> = {},
) {
  const asked: string[] = [];
  const steps: string[] = [];
  const wentOn: WentOn[] = [];
  const readings = new Readings(() => 0);
  readings.answered("a/m", false, 500);
  const parts: JourneyParts = {
    availability: { waitMs: ({ selector }) => waits[selector] ?? 0, obstruction: () => undefined },
    readings,
    budget: new RetryBudget(() => 0),
    hedges: new HedgeBudget(() => 0),
    hedged: () => undefined,
    turns: new Turns(),
    draw: () => 0,
    wentOn: (_target, to) => wentOn.push(to),
    stepped: (_chain, step, reason) => steps.push(`${step} ${reason}`),
  };
  const attempts = (attempt: Attempt): Promise<Reply> => {
    asked.push(attempt.target.selector);
    const answered = answer(attempt);
    if (answered instanceof GatewayError) return Promise.reject(answered);
    return Promise.resolve({ ...replyOf(attempt.call, answered), attempt });
  };
  const journey = new Journey(parts, call, planOf(router, call), attempts);
  const ended = await journey.run().then(
    (reply) => ({ reply, error: undefined }),
    (error: unknown) => ({ reply: undefined, error: GatewayError.of(error) }),
  );
  return { asked, steps, wentOn, readings, journey, ...ended };
}

const unavailable = (attempt: Attempt) => failed(attempt, "PROVIDER_UNAVAILABLE");

const chosen: readonly [strategy: Strategy, order: readonly string[]][] = [
  ["priority", ["a/m", "b/m", "c/m"]],
  ["lowest-cost", ["b/m", "c/m", "a/m"]],
];

test.each(chosen)(
  "%s: the first that is not out is asked, then the rest of those in order; if all are, the one that is back first",
  async (strategy, inOrder) => {
    const targets = ["a/m", "b/m", "c/m"].map((model) => ({ model, weight: 1, arm: "" }));
    const policy: Policy = { strategy, targets, retry, stickyTo: undefined, overridable: undefined };
    const policies = new Map([["p", policy]]);
    const router = new Router({ providers, aliases: new Map(), policies, defaultModel: undefined });
    const waits = fc.record({ "a/m": fc.nat(2), "b/m": fc.nat(2), "c/m": fc.nat(2) });
    await fc.assert(
      fc.asyncProperty(waits, async (outMs) => {
        const last = (attempt: Attempt) => failed(attempt, "PROVIDER_QUOTA_EXHAUSTED");
        const { asked } = await travel(router, callOf({ model: "policies/p" }), last, outMs);
        const up = inOrder.filter((selector) => outMs[selector as keyof typeof outMs] === 0);
        const soonest = Object.entries(outMs).toSorted(([, one], [, other]) => one - other)[0]?.[0];
        expect(asked).toEqual(up.length > 0 ? up : [soonest]);
      }),
    );
  },
);

test("another credential is another attempt, but no other target: it takes no share of the time", async () => {
  const [, first] = providerOf("a", 1n);
  const twins = new Map([["a", ["blue", "green"].map((credential) => ({ ...first, credential }))]]);
  const router = new Router({ providers, twins, aliases: new Map(), retry, defaultModel: undefined });
  const seen: [string | undefined, number][] = [];
  const { error } = await travel(router, callOf({ model: "a/m" }, 1000), (attempt) => {
    seen.push([attempt.target.provider.credential, attempt.timeouts.firstOutputMs]);
    return failed(attempt, "PROVIDER_CREDENTIAL_INVALID");
  });
  expect(seen).toEqual([
    ["blue", 1000],
    ["green", 1000],
  ]);
  expect(error?.failure?.attempts.map(({ credential }) => credential)).toEqual(["blue", "green"]);
});

test("a credential that the call has tried is no other target: to ask it again is a repeat", async () => {
  const [, first] = providerOf("a", 1n);
  const twins = new Map([["a", ["blue", "green"].map((credential) => ({ ...first, credential }))]]);
  const patient = { ...retry, maxAttempts: 6 };
  const router = new Router({ providers, twins, aliases: new Map(), retry: patient, defaultModel: undefined });
  const limited = (attempt: Attempt) => failed(attempt, "PROVIDER_RATE_LIMITED");
  const { asked, wentOn } = await travel(router, callOf({ model: "a/m" }), limited);
  // Three repeats are in the budget of a lone call.
  expect(wentOn).toEqual(["other", "repeat", "repeat", "repeat", "over_budget"]);
  expect(asked.length).toBe(5);
});

test("only what a provider broke is begun anew: the record of anything else would lack what it used", async () => {
  const call = callOf({ model: "a/m", routing: { fallbackModels: ["b/m"] } });
  const { journey, reply } = await travel(routerOf(stepOf("a/m")), call, async () => finished);
  if (reply === undefined) throw new Error("it answers");
  const broken = failed(reply.attempt as Attempt, "PROVIDER_BAD_RESPONSE");
  expect(journey.mayGoOn(reply, broken)).toBe(true);
  expect(journey.mayGoOn(reply, new GatewayError("PROVIDER_BAD_RESPONSE", "by an extension"))).toBe(false);
});

test("a chain makes ten calls at most, or as many as it says", async () => {
  const steps = ["a/m", "b/m", "c/m"].map((target) => stepOf(target, { maxRetries: 9 }));
  const policies = new Map();
  const calls = async (maxAttempts?: number, wanted?: number) => {
    const chains = new Map([["all", { maxLatencyMs: undefined, maxAttempts, steps }]]);
    const router = new Router({ providers, aliases: new Map(), policies, chains, retry, defaultModel: undefined });
    const call = callOf(wanted === undefined ? {} : { routing: { maxAttempts: wanted } });
    return (await travel(router, call, unavailable)).asked.length;
  };
  // Repeats at a target are three, beyond its calls.
  expect(await calls()).toBe(10);
  expect(await calls(5)).toBe(5);
  expect(await calls(5, 2)).toBe(2);
  expect(await calls(2, 5)).toBe(2);
});

test("what a request rules out is told, before what was tried", async () => {
  const call = callOf({ model: "policies/both", routing: { deniedProviders: ["a"], maxAttempts: 1 } });
  const { error } = await travel(routerOf(stepOf("a/m")), call, unavailable);
  expect(error?.failure?.attempts.map(({ model, outcome, errorReason }) => [model, outcome, errorReason])).toEqual([
    ["a/m", AttemptOutcome.SKIPPED, "INVALID_REQUEST"],
    ["b/m", AttemptOutcome.FAILED, "PROVIDER_UNAVAILABLE"],
  ]);
});

test("a policy that is reached as a fallback grants what it grants, and no more", () => {
  const targets = ["a/m", "b/m"].map((model) => ({ model, weight: 1, arm: "" }));
  const closed: Policy = { strategy: "priority", targets, retry, stickyTo: undefined, overridable: ["maxAttempts"] };
  const policies = new Map([["closed", closed]]);
  const router = new Router({ providers, aliases: new Map(), policies, defaultModel: undefined });
  const planned = (routing: object) => () =>
    planOf(router, callOf({ model: "c/m", routing: { fallbackModels: ["policies/closed"], ...routing } }));
  expect(planned({})).not.toThrow();
  expect(planned({ maxAttempts: 2 })).not.toThrow();
  expect(planned({ deniedProviders: ["a"] })).toThrow(/policies\/closed does not let callers set/);
  expect(planned({ regions: ["eu"] })).toThrow(/routing\.regions/);
});

test("steps are counted as the chain has them, those that a call may not use included", async () => {
  const call = callOf({ routing: { deniedProviders: ["a"] } });
  const { asked, steps } = await travel(routerOf(stepOf("a/m"), stepOf("b/m")), call, unavailable);
  expect([asked, steps]).toEqual([["b/m"], ["2 PROVIDER_UNAVAILABLE"]]);
});

test("no step begins with too little time for an attempt to be of use", async () => {
  const router = routerOf(stepOf("a/m"), stepOf("b/m"));
  expect((await travel(router, callOf({}, 90), unavailable)).asked).toEqual(["a/m"]);
  expect((await travel(router, callOf({}), unavailable)).asked).toEqual(["a/m", "b/m"]);
});

test("a wait that is shorter than what the target takes of late is no failure of the target", async () => {
  const after = async (timeoutMs: string) => {
    const slow = (attempt: Attempt) => failed(attempt, "PROVIDER_TIMEOUT", { cause: "first_output", timeoutMs });
    return (await travel(routerOf(stepOf("a/m")), callOf({}), slow)).readings.errorRate("a/m");
  };
  expect(await after("10")).toBe(0);
  expect(await after("1000")).toBe(0.5);
});

test("a fault of the gateway is told, whatever failed before it", async () => {
  const { error } = await travel(routerOf(stepOf("a/m"), stepOf("b/m")), callOf({}), (attempt) =>
    attempt.target.provider.id === "a" ? unavailable(attempt) : new GatewayError("INTERNAL", "a bug"),
  );
  expect(error?.reason).toBe("INTERNAL");
  expect(error?.failure?.attempts.map(({ errorReason }) => errorReason)).toEqual(["PROVIDER_UNAVAILABLE", "INTERNAL"]);
});

test("max_cost holds for the request as a step makes it", async () => {
  const router = routerOf(stepOf("b/m", { overrides: { maxOutputTokens: 100_000 } }), stepOf("c/m"));
  // A thousand tokens cost 1,000 at b and 2,000 at c; a hundred thousand 100,000 at b.
  const maxCost = { currencyCode: "USD", amountNanos: 5000n };
  const { asked } = await travel(router, callOf({ maxOutputTokens: 1000, routing: { maxCost } }), unavailable);
  expect(asked).toEqual(["c/m"]);
});

test("where every price is too high, the lowest is told", () => {
  const router = routerOf(stepOf("a/m"), stepOf("b/m"), stepOf("c/m"));
  const routing = { maxCost: { currencyCode: "USD", amountNanos: 1n } };
  try {
    planOf(router, callOf({ maxOutputTokens: 1_000_000, routing }));
    expect.unreachable();
  } catch (error) {
    const { reason, info } = GatewayError.of(error);
    expect(reason).toBe("COST_LIMIT_EXCEEDED");
    // A million tokens at b, and the prompt.
    expect(info["lowestCostNanos"]).toMatch(/^10000\d\d$/);
  }
});

test("a target that is named twice is tried where it stands first", async () => {
  const call = callOf({ model: "policies/both", routing: { fallbackModels: ["c/m", "a/m", "b/m"], maxAttempts: 3 } });
  expect((await travel(routerOf(stepOf("a/m")), call, unavailable)).asked).toEqual(["a/m", "b/m", "c/m"]);
});

test("time is kept back for later steps only if a step that was too slow falls through", async () => {
  const limitOf = async (fallThroughOn?: readonly Reason[]) => {
    const limits: number[] = [];
    await travel(routerOf(stepOf("a/m", { fallThroughOn }), stepOf("b/m")), callOf({}, 1000), (attempt) => {
      limits.push(attempt.timeouts.firstOutputMs);
      return unavailable(attempt);
    });
    return limits[0];
  };
  expect(await limitOf()).toBeLessThanOrEqual(450);
  expect(await limitOf(["PROVIDER_TIMEOUT"])).toBeLessThanOrEqual(450);
  expect(await limitOf(["PROVIDER_RATE_LIMITED"])).toBe(1000);
});

test("an answer that its reader was too slow for is no failure of the target", async () => {
  const after = async (reason: Reason, cause: string) => {
    const error = new GatewayError(reason, "cut", { metadata: { cause } });
    const ended = Promise.resolve<Outcome>({ ...finished, state: "failed", error });
    return (await travel(routerOf(stepOf("b/m")), callOf({}), () => ended)).readings.errorRate("b/m");
  };
  expect(await after("STREAM_INTERRUPTED", "total")).toBe(0);
  expect(await after("STREAM_INTERRUPTED", "stalled")).toBe(0.5);
});

test("a key that may use a policy may use no other model by naming it as a fallback", () => {
  const rpc = rpcWith({ caller: { keyId: "k", tenantId: "", models: ["policies/both", "b/m"] } });
  const planned = (fallbackModels: string[]) => {
    const { request } = callOf({ model: "policies/both", routing: { fallbackModels } });
    return () => planOf(routerOf(stepOf("a/m")), { request, rpc });
  };
  expect(planned(["b/m"])).not.toThrow();
  for (const denied of ["c/m", "a/m", "chains/all"]) expect(planned([denied])).toThrow(/may not use/);
});
