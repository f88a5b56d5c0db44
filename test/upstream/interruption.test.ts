import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { AttemptOutcome, AttemptSchema } from "../../gen/llmhub/v1/routing_pb.ts";
import { UsageSchema } from "../../gen/llmhub/v1/usage_pb.ts";
import { GatewayError, type Reason } from "../../src/model/error.ts";
import { failureOf, interrupted } from "../../src/upstream/interruption.ts";
import { attemptOf } from "./attempt.ts";

const fault = (reason: Reason, cause?: string) =>
  new GatewayError(reason, "said", { metadata: cause === undefined ? {} : { cause } });

test.each([
  ["PROVIDER_UNAVAILABLE", "reset", "STREAM_INTERRUPTED", "reset"],
  ["PROVIDER_TIMEOUT", "idle", "STREAM_INTERRUPTED", "stalled"],
  ["PROVIDER_TIMEOUT", "total", "STREAM_INTERRUPTED", "total"],
  ["PROVIDER_OVERLOADED", undefined, "STREAM_INTERRUPTED", "provider_overloaded"],
  ["PROVIDER_RATE_LIMITED", undefined, "STREAM_INTERRUPTED", "provider_rate_limited"],
  ["STREAM_INTERRUPTED", "truncated", "STREAM_INTERRUPTED", "truncated"],
  ["PROVIDER_BAD_RESPONSE", "bad_json", "PROVIDER_BAD_RESPONSE", "bad_json"],
  ["DEADLINE_EXCEEDED", undefined, "DEADLINE_EXCEEDED", undefined],
  ["CANCELLED", undefined, "CANCELLED", undefined],
  ["GATEWAY_DRAINING", undefined, "GATEWAY_DRAINING", undefined],
] as const)("after output %s (%s) is %s (%s)", (reason, cause, expected, expectedCause) => {
  const error = interrupted(fault(reason, cause), attemptOf(), true, 12);
  expect([error.reason, error.info["cause"]]).toEqual([expected, expectedCause]);
  expect(error.info).toMatchObject({ provider: "up", model: "m-1" });
  if (expected === "STREAM_INTERRUPTED")
    expect([error.info["deliveredChars"], error.retryMs]).toEqual(["12", undefined]);
});

test.each([
  ["PROVIDER_UNAVAILABLE", "reset", "PROVIDER_UNAVAILABLE", "reset"],
  ["PROVIDER_TIMEOUT", "first_output", "PROVIDER_TIMEOUT", "first_output"],
  ["STREAM_INTERRUPTED", "truncated", "PROVIDER_BAD_RESPONSE", "truncated"],
  ["DEADLINE_EXCEEDED", undefined, "DEADLINE_EXCEEDED", "provider_first_token"],
  ["CANCELLED", undefined, "CANCELLED", undefined],
] as const)("before output %s (%s) is %s (%s)", (reason, cause, expected, expectedCause) => {
  const error = interrupted(fault(reason, cause), attemptOf(), false, 0);
  expect([error.reason, error.info["cause"]]).toEqual([expected, expectedCause]);
  expect(error.info).not.toHaveProperty("deliveredChars");
});

test("a reason that many calls share is not changed", () => {
  const shared = fault("CANCELLED");
  const error = interrupted(shared, attemptOf(), true, 1);
  expect(error).not.toBe(shared);
  expect(shared.info).toEqual({});
});

const usage = create(UsageSchema, { inputTokens: 7 });
const spent = { usage, cost: undefined, sentMs: performance.now(), sent: true, started: false };
const status = (code: number) =>
  new GatewayError("PROVIDER_UNAVAILABLE", "said", { upstream: { status: code, code: "c".repeat(99), requestId: "" } });

test.each([
  ["refused", status(500), spent, false],
  ["never connected", fault("PROVIDER_UNAVAILABLE", "connect"), spent, false],
  ["not trusted", fault("PROVIDER_UNAVAILABLE", "tls"), spent, false],
  ["not sent", fault("CANCELLED"), { ...spent, sent: false }, false],
  ["reset", fault("PROVIDER_UNAVAILABLE", "reset"), spent, true],
  ["cancelled", fault("CANCELLED"), spent, true],
  ["refused after output", status(500), { ...spent, started: true }, true],
])("an attempt that was %s: its tokens are charged or not", (_name, error, facts, charged) => {
  const failure = failureOf(attemptOf(), error, facts);
  expect(failure.usage).toEqual(charged ? usage : undefined);
  expect(failure.attempts[0]?.usage).toEqual(failure.usage);
  expect(failure.outputStarted).toBe(facts.started);
});

test("the record of an attempt stands behind those before it", () => {
  const before = create(AttemptSchema, { number: 1, provider: "other" });
  const { id, attempts } = failureOf(attemptOf([before]), fault("PROVIDER_TIMEOUT", "idle"), spent);
  expect(id).toBe("cmp_1");
  expect(attempts[0]).toBe(before);
  expect(attempts[1]).toMatchObject({
    number: 2,
    provider: "up",
    model: "up/m-1",
    outcome: AttemptOutcome.TIMED_OUT,
    errorReason: "PROVIDER_TIMEOUT",
  });
  const [refused] = failureOf(attemptOf(), status(503), spent).attempts;
  expect(refused).toMatchObject({ outcome: AttemptOutcome.FAILED, upstreamStatus: 503, upstreamCode: "c".repeat(64) });
});
