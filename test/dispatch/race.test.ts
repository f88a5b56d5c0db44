import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CompletionFailureSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { AttemptOutcome } from "../../gen/llmhub/v1/routing_pb.ts";
import { HedgeBudget } from "../../src/dispatch/hedge-budget.ts";
import { type HedgeOutcome, Hedging } from "../../src/dispatch/hedging.ts";
import { History } from "../../src/dispatch/history.ts";
import { Race, type Racing } from "../../src/dispatch/race.ts";
import { Readings } from "../../src/dispatch/readings.ts";
import { RetryBudget } from "../../src/dispatch/retry-budget.ts";
import { type Candidate, plainRoute, retryDefault } from "../../src/dispatch/route.ts";
import { Turns } from "../../src/dispatch/view.ts";
import { attemptRecord } from "../../src/model/attempt-record.ts";
import type { Attempt } from "../../src/model/call.ts";
import { GatewayError, type Reason } from "../../src/model/error.ts";
import type { Outcome, Reply } from "../../src/model/reply.ts";
import { callOf, finished, replyOf } from "../interceptors/call/ended-call.ts";
import { rpcWith } from "../support/rpc.ts";
import { candidatesOf } from "./candidates.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

const delayMs = 5;
const { FAILED, LOST_HEDGE } = AttemptOutcome;
const rules = { delayMs, parallelMax: 4, ratioMax: 1, nanosPerMinuteMax: undefined, optIn: false };

/** An attempt that a test lets answer or fail. It ends when it is cancelled, unless it has answered. */
class Runner {
  readonly attempt: Attempt;
  readonly answering = Promise.withResolvers<Reply>();
  readonly #ended = Promise.withResolvers<Outcome>();

  constructor(candidate: Candidate, { call, failures, hedge }: Racing<Attempt["call"]["request"]>) {
    const timeouts = { firstOutputMs: 1, idleMs: 1, totalMs: 1 };
    const { target } = candidate;
    this.attempt = { call, target, policy: "", failures, timeouts, freshConnection: false, ...(hedge && { hedge }) };
    call.rpc.signal.addEventListener("abort", () => this.#end(GatewayError.of(call.rpc.signal.reason)));
  }

  get signal(): AbortSignal {
    return this.attempt.call.rpc.signal;
  }

  /** @param isWhole the answer is complete at once. */
  answer(isWhole = false): void {
    const { call } = this.attempt;
    this.answering.resolve({ ...replyOf(call, this.#ended.promise), attempt: this.attempt });
    if (isWhole) this.#ended.resolve(finished);
  }

  fail(reason: Reason): void {
    this.#end(new GatewayError(reason, "failed"));
  }

  #end(cause: GatewayError): void {
    const outcome = cause.info["cause"] === "lost_hedge" ? LOST_HEDGE : FAILED;
    const record = attemptRecord(this.attempt, performance.now(), { outcome, errorReason: cause.reason });
    const attempts = [...this.attempt.failures, record];
    const error = cause.with({}).withFailure(create(CompletionFailureSchema, { attempts }));
    this.answering.reject(error);
    this.#ended.resolve({ ...finished, state: "abandoned", error });
  }
}

/** A race over providers a, b, c and d. */
function racing() {
  const caller = new AbortController();
  const call = callOf({ rpc: rpcWith({ signal: caller.signal, deadlineMs: Number.POSITIVE_INFINITY }) });
  const told: string[] = [];
  const history = new History(() => 0);
  const [first, ...untried] = candidatesOf({ a: 1, b: 1, c: 1, d: 1 });
  if (first === undefined) throw new Error("there is a first");
  const hedges = new HedgeBudget(() => 0);
  for (let earned = 0; earned < 3; earned++) hedges.called("p", rules);
  const parts = {
    availability: { waitMs: () => 0, obstruction: () => undefined },
    readings: new Readings(() => 0),
    budget: new RetryBudget(() => 0),
    hedges,
    turns: new Turns(),
    hedged: ({ provider }: Candidate["target"], outcome: HedgeOutcome) => told.push(`${provider.id} ${outcome}`),
  };
  const limits = { endMs: Number.POSITIVE_INFINITY, attemptsMax: 4, sticky: "" };
  const [step] = plainRoute("p", first.target, [first.target], retryDefault).steps;
  if (step === undefined) throw new Error("there is a step");
  const hedging = new Hedging(parts, "p", rules, call, limits);
  const stage = { call, step, ...limits, triedBefore: 0, strategy: undefined, targetsAfter: 0 };
  const runners: Runner[] = [];
  const race = new Race<Attempt["call"]["request"], Reply>({
    stage: { ...stage, untried, repeatable: [], hedging, repeats: 0 },
    hedging,
    history,
    attempt: (candidate, own) => {
      const runner = new Runner(candidate, own);
      runners.push(runner);
      return runner.answering.promise;
    },
    failed: ({ target }, error) => void history.failed(target, error),
  });
  return { run: () => race.run(first, delayMs), runners, told, untried, caller };
}

/** Lets everything that is ready happen. */
const settled = () => new Promise(setImmediate);

test("whatever happens in which order, each attempt ends once, is on record once, and each hedge is told once", async () => {
  const what = fc.constantFrom("answer", "whole", "fail", "fail", "refuse", "wait", "wait");
  const event = fc.record({ at: fc.nat(3), what, isHeard: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 8 }), async (events) => {
      const { run, runners, told, untried } = racing();
      const finishing = run();
      const last = { at: 0, isHeard: true };
      for (const { at, what, isHeard } of [...events, { ...last, what: "fail" }, { ...last, what: "answer" }]) {
        const runner = runners[at % runners.length];
        if (what === "wait") vi.advanceTimersByTime(delayMs);
        else if (what === "fail") runner?.fail("PROVIDER_UNAVAILABLE");
        else if (what === "refuse") runner?.fail("PROVIDER_INVALID_REQUEST");
        else runner?.answer(what === "whole");
        if (isHeard) await settled();
      }
      for (const runner of runners) runner.answer(true);
      const finish = await finishing;
      vi.advanceTimersByTime(10 * delayMs);
      const records = "reply" in finish ? finish.reply.attempt.failures : (finish.error.failure?.attempts ?? []);
      expect(records.length + ("reply" in finish ? 1 : 0)).toBe(runners.length);
      expect(records.map(({ number }) => number)).toEqual(records.map((_, i) => i + 1));
      expect(new Set(records.map(({ provider }) => provider)).size).toBe(records.length);
      expect(told.map((each) => each[0]).toSorted()).toEqual(["b", "c", "d"].slice(0, runners.length - 1));
      expect(untried.length).toBeLessThanOrEqual(3);
    }),
    { numRuns: 200 },
  );
});

test("one that answers in the same moment loses all the same, and its whole answer is paid", async () => {
  const { run, runners, told } = racing();
  const finishing = run();
  vi.advanceTimersByTime(delayMs);
  const [slow, hedge] = runners;
  hedge?.answer();
  slow?.answer(true);
  const finish = await finishing;
  expect("reply" in finish && finish.reply.attempt).toMatchObject({
    hedge: true,
    target: { selector: "b/m" },
    failures: [{ number: 1, model: "a/m", outcome: LOST_HEDGE, usage: { inputTokens: 100, outputTokens: 20 } }],
  });
  expect(told).toEqual(["b won"]);
});

test("a failure that is heard of late does not hide the one before it", async () => {
  const { run, runners } = racing();
  const finishing = run();
  vi.advanceTimersByTime(delayMs);
  for (const runner of runners) runner.fail("PROVIDER_UNAVAILABLE");
  const finish = await finishing;
  expect("error" in finish && finish.error.failure?.attempts).toMatchObject([
    { number: 1, model: "a/m" },
    { number: 2, model: "b/m" },
  ]);
});

test("nobody is asked for a caller who has left, however long an attempt takes to end", async () => {
  const { run, runners, told, caller } = racing();
  const finishing = run();
  caller.abort(new GatewayError("CANCELLED", "left"));
  vi.advanceTimersByTime(delayMs);
  await finishing;
  expect([runners.length, told]).toEqual([1, []]);
});

test("the caller's signal reaches the winner as long as it answers", async () => {
  const { run, runners, caller } = racing();
  const finishing = run();
  runners[0]?.answer();
  await finishing;
  caller.abort(new GatewayError("DEADLINE_EXCEEDED", "over"));
  expect(runners[0]?.signal.reason).toMatchObject({ reason: "DEADLINE_EXCEEDED" });
});
