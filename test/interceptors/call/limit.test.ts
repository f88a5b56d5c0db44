import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { CompletionFailureSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { limit } from "../../../src/interceptors/call/limit.ts";
import { Limits } from "../../../src/limits/limits.ts";
import type { Call } from "../../../src/model/call.ts";
import type { Dispatch } from "../../../src/model/dispatch.ts";
import { GatewayError } from "../../../src/model/error.ts";
import { Metrics } from "../../../src/telemetry/metrics.ts";
import { rpcWith } from "../../support/rpc.ts";
import { callOf, failedAttempt, finished, replyOf } from "./ended-call.ts";

const limitOf1000 = {
  scope: "key",
  match: undefined,
  metric: "tokens",
  limit: 1000,
  per: "day",
  algorithm: "fixed-window",
  reserve: 4096,
} as const;

/** What is left of 1,000 tokens once a call has ended so. */
async function leftAfter(dispatch: Dispatch<Call>): Promise<number> {
  const limits = new Limits({ redis: () => undefined, targetOf: () => undefined, nowMs: () => 1_800_000_000_000 });
  limits.configure([limitOf1000], 1);
  const chain = (next: Dispatch<Call>) => limit(limits, new Metrics("1"))(next);
  const reply = await chain(dispatch)(callOf()).catch(() => undefined);
  await reply?.outcome;
  const told = new Map<string, string>();
  const { request } = callOf();
  const rpc = rpcWith({
    caller: { keyId: "ci", tenantId: "", models: undefined },
    answerHeader: (name, value) => told.set(name, value),
  });
  await chain(async (call) => replyOf(call, Promise.resolve(finished)))(
    callOf({ rpc, request: { ...request, input: "", maxOutputTokens: 1 } }),
  );
  return Number(told.get("x-ratelimit-remaining-tokens")) + 1;
}

test("a call is charged what it and its failed attempts used", async () => {
  expect(await leftAfter(async (call) => replyOf(call, Promise.resolve(finished)))).toBe(880);
  const abandoned = { ...finished, state: "abandoned", error: new GatewayError("CANCELLED", "gone") } as const;
  expect(await leftAfter(async (call) => replyOf(call, Promise.resolve(abandoned)))).toBe(880);
  const earlier = { ...failedAttempt("anthropic", "STREAM_INTERRUPTED", 200), usage: finished.usage };
  const afterFailure = await leftAfter(async (call) => {
    const reply = replyOf(call, Promise.resolve(finished));
    return { ...reply, attempt: { ...reply.attempt, failures: [earlier] } };
  });
  expect(afterFailure).toBe(760);
});

test("a failed call is charged what its attempts used, each once, and nothing if none did", async () => {
  const charged = (provider: string) => ({
    ...failedAttempt(provider, "PROVIDER_BAD_RESPONSE", 200),
    usage: finished.usage,
  });
  const skipped = failedAttempt("third", "NO_HEALTHY_TARGET", 0);
  const failing = (attempts: readonly object[], usage = {}) =>
    leftAfter(() => {
      const failure = create(CompletionFailureSchema, { attempts: [...attempts], ...usage });
      return Promise.reject(new GatewayError("PROVIDER_BAD_RESPONSE", "cut").withFailure(failure));
    });
  expect(await failing([])).toBe(1000);
  expect(await failing([skipped])).toBe(1000);
  expect(await failing([charged("first")])).toBe(880);
  expect(await failing([charged("first"), charged("second"), skipped], { usage: finished.usage })).toBe(760);
});
