import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CompleteRequestSchema, CompletionFailureSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { AttemptOutcome, type Attempt as AttemptRecord } from "../../gen/llmhub/v1/routing_pb.ts";
import { HedgeBudget } from "../../src/dispatch/hedge-budget.ts";
import { Journey, type JourneyParts } from "../../src/dispatch/journey.ts";
import { unknownModel } from "../../src/dispatch/known-facts.ts";
import { planOf } from "../../src/dispatch/planner.ts";
import { Readings } from "../../src/dispatch/readings.ts";
import { RetryBudget } from "../../src/dispatch/retry-budget.ts";
import { Router } from "../../src/dispatch/router.ts";
import { Turns } from "../../src/dispatch/view.ts";
import { attemptRecord } from "../../src/model/attempt-record.ts";
import type { Attempt, Call } from "../../src/model/call.ts";
import { GatewayError, type Reason } from "../../src/model/error.ts";
import type { Outcome, Reply } from "../../src/model/reply.ts";
import type { Provider } from "../../src/model/target.ts";
import { callOf, finished, replyOf } from "../interceptors/call/ended-call.ts";
import { rpcWith } from "../support/rpc.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

const { FAILED, LOST_HEDGE, SKIPPED } = AttemptOutcome;

/** What becomes of an attempt: it fails so, or with "answers" and "breaks" has output after so long. */
const whats = [
  "answers",
  "breaks",
  "PROVIDER_UNAVAILABLE",
  "PROVIDER_RATE_LIMITED",
  "PROVIDER_CREDENTIAL_INVALID",
  "PROVIDER_QUOTA_EXHAUSTED",
  "PROVIDER_INVALID_REQUEST",
  "GATEWAY_OVERLOADED",
] as const;
/** An end is heard of `lateMs` after it came: interceptors of operators take their time. */
const fates = fc.array(fc.record({ what: fc.constantFrom(...whats), afterMs: fc.nat(4), lateMs: fc.nat(2) }), {
  minLength: 12,
  maxLength: 12,
});
type Fate = { readonly what: (typeof whats)[number]; readonly afterMs: number; readonly lateMs: number };

const after = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));

function errorOf(attempt: Attempt, cause: GatewayError): GatewayError {
  const outcome = cause.info["cause"] === "lost_hedge" ? LOST_HEDGE : FAILED;
  const record = attemptRecord(attempt, performance.now(), { outcome, errorReason: cause.reason });
  const attempts = [...attempt.failures, record];
  return cause.with({}).withFailure(create(CompletionFailureSchema, { attempts }));
}

/** One attempt at a provider, which ends as soon as it is cancelled. */
async function played(attempt: Attempt, { what, afterMs, lateMs }: Fate): Promise<Reply> {
  const { signal } = attempt.call.rpc;
  const ended = Promise.withResolvers<Outcome>();
  const cut = (cause: GatewayError) => {
    const error = errorOf(attempt, cause);
    ended.resolve({ ...finished, state: "failed", error });
    return error;
  };
  const cancelled = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  await Promise.race([after(afterMs), cancelled]);
  const hasOutput = !signal.aborted && (what === "answers" || what === "breaks");
  const error = hasOutput
    ? undefined
    : cut(signal.aborted ? signal.reason : new GatewayError(what as Reason, "failed"));
  if (what === "answers") ended.resolve(finished);
  if (lateMs > 0) await after(lateMs);
  if (error !== undefined) throw error;
  const brokenBy = () => cut(signal.aborted ? signal.reason : new GatewayError("STREAM_INTERRUPTED", "broke"));
  if (what === "breaks") void Promise.race([after(afterMs), cancelled]).then(brokenBy);
  return { ...replyOf(attempt.call, ended.promise), attempt };
}

function routerOf(counts: readonly number[], maxAttempts: number | undefined, parallelMax: number): Router {
  const timeouts = { firstOutputMs: 1000, idleMs: 1000, totalMs: 1000 };
  const twins = new Map<string, readonly Provider[]>();
  for (const [i, count] of counts.entries()) {
    const id = "abc"[i] ?? "";
    const one = { id, displayName: id, models: new Map([["m", unknownModel]]), defaultModel: undefined, timeouts };
    twins.set(
      id,
      Array.from({ length: count }, (_, n) => ({ ...one, credential: `${n}`, account: `${id}${n}` })),
    );
  }
  const policy = {
    strategy: "priority" as const,
    targets: [...twins.keys()].map((id) => ({ model: `${id}/m`, weight: 1, arm: "" })),
    retry: { maxAttempts, initialBackoffMs: 1, maxBackoffMs: 1 },
    stickyTo: undefined,
    overridable: undefined,
    afterOutput: true,
    hedge: { delayMs: 1, parallelMax, ratioMax: 1, nanosPerMinuteMax: undefined, optIn: false },
  };
  const providers = new Map([...twins].flatMap(([id, [first]]) => (first === undefined ? [] : [[id, first] as const])));
  return new Router({
    providers,
    twins,
    aliases: new Map(),
    policies: new Map([["p", policy]]),
    defaultModel: undefined,
  });
}

/** Makes a call whose attempts have these fates, and goes on after output as long as it may. */
async function travelled(router: Router, call: Call, all: readonly Fate[]) {
  const asked: string[] = [];
  let [repeats, made] = [0, 0];
  const hedges = new HedgeBudget(() => 0);
  const rules = router.resolve("policies/p").steps[0]?.hedge;
  for (let earned = 0; earned < 3 && rules !== undefined; earned++) hedges.called("policies/p", rules);
  const parts: JourneyParts = {
    availability: { waitMs: () => 0, obstruction: () => undefined },
    readings: new Readings(() => 0),
    budget: new RetryBudget(() => 0),
    hedges,
    hedged: () => undefined,
    turns: new Turns(),
    draw: () => 0,
    wentOn: (_target, to) => {
      if (to === "repeat") repeats += 1;
    },
    stepped: () => undefined,
  };
  const journey = new Journey<Attempt["call"]["request"], Reply>(parts, call, planOf(router, call), (attempt) => {
    const fate = all[asked.length % all.length] as Fate;
    asked.push(`${attempt.target.selector} ${attempt.target.provider.credential}`);
    if (fate.what === "GATEWAY_OVERLOADED") {
      return after(fate.lateMs).then(() => Promise.reject(new GatewayError("GATEWAY_OVERLOADED", "too many")));
    }
    made += 1;
    return played(attempt, fate);
  });
  let records: readonly AttemptRecord[];
  try {
    let reply = await journey.run();
    for (;;) {
      const { error } = await reply.outcome;
      records = [...reply.attempt.failures, attemptRecord(reply.attempt, 0, { outcome: AttemptOutcome.SUCCEEDED })];
      if (error === undefined || !journey.mayGoOn(reply, error)) break;
      reply = await journey.goOn(reply, error);
    }
  } catch (error) {
    records = GatewayError.of(error).failure?.attempts ?? [];
  }
  return { asked, repeats, made, records };
}

test("however attempts end: each is on record once, none is made too many, and none is repeated beside the budget", async () => {
  const counts = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }));
  const maxAttempts = fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined });
  await fc.assert(
    fc.asyncProperty(fates, counts, maxAttempts, fc.integer({ min: 2, max: 4 }), async (all, counts, max, parallel) => {
      const request = create(CompleteRequestSchema, { model: "policies/p", input: "x" });
      const rpc = rpcWith({ deadlineMs: Number.POSITIVE_INFINITY });
      const travelling = travelled(routerOf(counts, max, parallel), callOf({ request, rpc }), all);
      let isOver = false;
      void travelling.finally(() => {
        isOver = true;
      });
      while (!isOver) {
        await new Promise(setImmediate);
        vi.advanceTimersByTime(1);
      }
      const { asked, repeats, made, records } = await travelling;
      expect(records.filter(({ outcome }) => outcome !== SKIPPED).length).toBe(made);
      expect(records.map(({ number }) => number)).toEqual(records.map((_, i) => i + 1));
      expect(made).toBeLessThanOrEqual(max ?? Math.max(3, counts[0] + counts[1]));
      // One that lost a hedge may be asked again if the winner breaks.
      const lost = records.filter(({ outcome }) => outcome === LOST_HEDGE).length;
      expect(asked.length - new Set(asked).size).toBeLessThanOrEqual(repeats + lost);
    }),
    { numRuns: 500 },
  );
});
