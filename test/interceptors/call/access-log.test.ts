import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { CompleteRequestSchema, CompletionFailureSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { accessLog } from "../../../src/interceptors/call/access-log.ts";
import { witnessed } from "../../../src/interceptors/call/witness.ts";
import { GatewayError } from "../../../src/model/error.ts";
import type { Outcome } from "../../../src/model/reply.ts";
import type { LogFields, Logger } from "../../../src/telemetry/logger.ts";
import { callOf, charged, failedAttempt, finished, replyOf } from "./ended-call.ts";

type Line = { level: string; fields: LogFields };

function recorder(): { logger: Logger; lines: Line[] } {
  const lines: Line[] = [];
  const at = (level: string) => (fields: LogFields) => void lines.push({ level, fields });
  return { lines, logger: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), flush() {} } };
}

async function logged(outcome: Outcome): Promise<Line> {
  const { logger, lines } = recorder();
  const reply = await witnessed(accessLog(logger))(async (call) => replyOf(call, Promise.resolve(outcome)))(callOf());
  await reply.outcome;
  expect(lines).toHaveLength(1);
  return lines[0] ?? { level: "", fields: {} };
}

test("a line tells which credential, by which strategy, and where", async () => {
  const { logger, lines } = recorder();
  const reply = await witnessed(accessLog(logger))(async (call) => {
    const { attempt, ...rest } = replyOf(call, Promise.resolve(finished));
    const { target } = attempt;
    const provider = { ...target.provider, credential: "blue" };
    return { ...rest, attempt: { ...attempt, strategy: "lowest-cost", target: { ...target, provider, region: "eu" } } };
  })(callOf());
  await reply.outcome;
  expect(lines[0]?.fields).toMatchObject({ credential: "blue", strategy: "lowest-cost", region: "eu" });
});

async function rejected(error: unknown, call = callOf()): Promise<Line> {
  const { logger, lines } = recorder();
  await expect(witnessed(accessLog(logger))(() => Promise.reject(error))(call)).rejects.toBe(error);
  expect(lines).toHaveLength(1);
  return lines[0] ?? { level: "", fields: {} };
}

test("one line tells who asked for what, who answered, how it went and what it cost", async () => {
  const { level, fields } = await logged(finished);
  expect(level).toBe("info");
  expect(fields).toEqual({
    callId: "cmp_1",
    requestId: "req_1",
    keyId: "ci",
    tenantId: "acme",
    method: "llmhub.v1.CompletionService/Complete",
    requestedModel: "fast",
    provider: "openai",
    model: "openai/gpt-4o",
    upstreamModel: "gpt-4o-2024-08-06",
    upstreamRequestId: "up_1",
    attempts: 2,
    inputTokens: 100,
    outputTokens: 20,
    usageEstimated: false,
    costNanos: "10000000",
    firstOutputMs: 500,
    durationMs: 2000,
    outcome: "finished",
    code: "OK",
    reason: undefined,
    finishReason: "STOP",
    labels: { team: "x" },
  });
});

test("nothing is logged before the end", async () => {
  const { logger, lines } = recorder();
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const reply = await witnessed(accessLog(logger))(async (call) => replyOf(call, promise))(callOf());
  expect(lines).toEqual([]);
  resolve(finished);
  await reply.outcome;
  expect(lines).toHaveLength(1);
});

test("the level says whose fault it is", async () => {
  const failed = { ...finished, state: "failed" as const, error: new GatewayError("STREAM_INTERRUPTED", "cut") };
  expect(await logged(failed)).toMatchObject({ level: "warn", fields: { outcome: "failed", code: "UNAVAILABLE" } });
  const left = { ...finished, state: "abandoned" as const, error: new GatewayError("CANCELLED", "left") };
  expect(await logged(left)).toMatchObject({ level: "info", fields: { outcome: "abandoned", code: "CANCELLED" } });
  expect((await rejected(new GatewayError("MODEL_NOT_FOUND", "no"))).level).toBe("info");
  expect((await rejected(new GatewayError("PROVIDER_TIMEOUT", "slow"))).level).toBe("warn");
});

test("a rejected call names its attempts, an unexpected error its place, neither its content", async () => {
  const failure = create(CompletionFailureSchema, { attempts: [failedAttempt("openai", "PROVIDER_TIMEOUT", 0)] });
  const { fields } = await rejected(new GatewayError("PROVIDER_TIMEOUT", "slow").withFailure(failure));
  expect(fields).toMatchObject({ provider: "openai", attempts: 1, outcome: "rejected", reason: "PROVIDER_TIMEOUT" });
  const bug = await rejected(new TypeError("cannot read a secret prompt"));
  expect(bug).toMatchObject({ level: "error", fields: { reason: "INTERNAL", fault: { type: "TypeError" } } });
  expect(JSON.stringify(bug)).not.toContain("secret prompt");
});

test("tokens and cost are those of all attempts", async () => {
  const { logger, lines } = recorder();
  const call = callOf();
  const reply = replyOf(call, Promise.resolve(finished));
  const failures = [{ ...failedAttempt("anthropic", "PROVIDER_TIMEOUT", 0), ...charged(7, 5n) }];
  await witnessed(accessLog(logger))(async () => ({ ...reply, attempt: { ...reply.attempt, failures } }))(call);
  await reply.outcome;
  expect(lines[0]?.fields).toMatchObject({
    inputTokens: 107,
    outputTokens: 20,
    usageEstimated: true,
    costNanos: "10000005",
  });
});

test("labels are cut to a bound", async () => {
  const labels = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`l${i}`, "v".repeat(256)]));
  const request = create(CompleteRequestSchema, { labels });
  const { fields } = await rejected(new GatewayError("MODEL_REQUIRED", "none"), callOf({ request }));
  expect(Object.values(fields.labels ?? {})).toEqual(Array.from({ length: 8 }, () => "v".repeat(64)));
});
