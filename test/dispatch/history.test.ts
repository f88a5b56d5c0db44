import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { CompleteRequestSchema, CompletionFailureSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { type Attempt, AttemptOutcome, AttemptSchema } from "../../gen/llmhub/v1/routing_pb.ts";
import { CostSchema, UsageSchema } from "../../gen/llmhub/v1/usage_pb.ts";
import { History } from "../../src/dispatch/history.ts";
import { unknownModel } from "../../src/dispatch/known-facts.ts";
import type { Obstruction } from "../../src/model/availability.ts";
import { GatewayError } from "../../src/model/error.ts";
import { attemptAt } from "../support/attempt.ts";

const { target } = attemptAt({ kind: "up", model: "m", facts: unknownModel }, create(CompleteRequestSchema, {}));
const out = (waitMs?: number): Obstruction => ({ reason: "NO_HEALTHY_TARGET", cause: "circuit_model", waitMs });
const cancelled = new GatewayError("CANCELLED", "the caller left");

/** A failed attempt that was charged, after others. */
function failure(before: readonly Attempt[], inputTokens = 7): GatewayError {
  const record = create(AttemptSchema, {
    number: before.length + 1,
    outcome: AttemptOutcome.FAILED,
    usage: create(UsageSchema, { inputTokens }),
    cost: create(CostSchema, { total: { currencyCode: "USD", amountNanos: 5n } }),
  });
  const failed = create(CompletionFailureSchema, { attempts: [...before, record] });
  return new GatewayError("PROVIDER_TIMEOUT", "slow").withFailure(failed);
}

test("a caller who leaves while a repeat is waited for is told what the attempts before have cost", () => {
  const history = new History(() => 0);
  history.failed(target, failure(history.records));
  history.failed(target, failure(history.records, 9));
  const { failure: told } = history.ending("cmp_1", cancelled);
  expect(told?.attempts.length).toBe(2);
  expect(told?.usage?.inputTokens).toBe(16);
  expect(told?.cost?.total?.amountNanos).toBe(10n);
  // Shared by all who listen to the signal.
  expect(cancelled.failure).toBeUndefined();
});

test("of many targets passed over some are told, of those tried all", () => {
  const history = new History(() => 0);
  const pass = (count: number) => {
    for (let i = 0; i < count; i++) history.skipped(target, out());
  };
  pass(30);
  history.failed(target, failure(history.records));
  pass(30);
  const error = failure(history.records);
  history.failed(target, error);
  const attempts = history.ending("cmp_1", error).failure?.attempts ?? [];
  expect(attempts.length).toBe(20);
  expect(attempts.filter(({ outcome }) => outcome === AttemptOutcome.FAILED).map(({ number }) => number)).toEqual([
    31, 62,
  ]);
});

const limited = (history: History, retryMs: number | "never") => {
  const record = create(AttemptSchema, { outcome: AttemptOutcome.FAILED });
  const failed = create(CompletionFailureSchema, { attempts: [...history.records, record] });
  return new GatewayError("PROVIDER_RATE_LIMITED", "later", { retryMs }).withFailure(failed);
};

test("U15: who may wait is told to wait for the target that is back first", () => {
  let nowMs = 0;
  const history = new History(() => nowMs);
  const other = (selector: string) => ({ ...target, selector });
  history.skipped(other("a"), out(9000));
  history.failed(other("b"), limited(history, 2000));
  nowMs = 500;
  const last = limited(history, 60_000);
  history.failed(other("c"), last);
  const { retryMs, failure } = history.ending("cmp_1", last);
  expect([retryMs, failure?.attempts.length]).toEqual([1500, 3]);
  expect(history.ending("cmp_1", limited(history, 1000)).retryMs).toBe(1000);
  expect(history.ending("cmp_1", limited(history, "never")).retryMs).toBeUndefined();
});

test("U15: a target that was asked again is back when it said last", () => {
  let nowMs = 0;
  const history = new History(() => nowMs);
  history.failed(target, limited(history, 2000));
  nowMs = 2000;
  const last = limited(history, 2000);
  history.failed(target, last);
  expect(history.ending("cmp_1", last).retryMs).toBe(2000);
});
