import { create } from "@bufbuild/protobuf";
import { CompleteRequestSchema, FinishReason } from "../../../gen/llmhub/v1/completion_pb.ts";
import { AttemptSchema } from "../../../gen/llmhub/v1/routing_pb.ts";
import { CostSchema, UsageSchema, UsageSource } from "../../../gen/llmhub/v1/usage_pb.ts";
import { unknownFacts } from "../../../src/catalog/facts.ts";
import type { Asked, Call } from "../../../src/model/call.ts";
import type { Outcome, Reply } from "../../../src/model/reply.ts";
import { rpcWith } from "../../support/rpc.ts";

const timeouts = { firstOutputMs: 1000, idleMs: 1000, totalMs: 1000 };

/** A call as it comes in. */
export function callOf(over: Partial<Call> = {}): Call {
  return {
    id: "cmp_1",
    rpc: rpcWith({
      requestId: "req_1",
      caller: { keyId: "ci", tenantId: "acme", models: undefined },
      startMs: 1000,
      deadlineMs: 9000,
    }),
    request: create(CompleteRequestSchema, { model: "fast", input: "a secret prompt", labels: { team: "x" } }),
    stream: false,
    ...over,
  };
}

/** What a finished call comes to: 100 tokens in, 40 of them cached, 20 out, a cent. */
export const finished: Outcome = {
  state: "finished",
  error: undefined,
  finishReason: FinishReason.STOP,
  usage: create(UsageSchema, {
    inputTokens: 100,
    outputTokens: 20,
    cacheReadTokens: 40,
    reasoningTokens: 5,
    source: UsageSource.PROVIDER,
  }),
  cost: {
    $typeName: "llmhub.v1.Cost",
    total: { $typeName: "llmhub.v1.Money", currencyCode: "USD", amountNanos: 10_000_000n },
    lines: [],
    priceList: "test",
    estimated: false,
  },
  endMs: 3000,
};

/** A reply of the second attempt, at openai/gpt-4o; the first was at another provider that was down. */
export function replyOf(call: Call<Asked>, outcome: Promise<Outcome>): Reply {
  const provider = { id: "openai", displayName: "OpenAI", models: new Map(), defaultModel: undefined, timeouts };
  return {
    attempt: {
      call,
      target: { provider, model: "gpt-4o", selector: "openai/gpt-4o", facts: unknownFacts },
      policy: "",
      failures: [failedAttempt("anthropic", "PROVIDER_UNAVAILABLE", 503)],
      timeouts,
      freshConnection: false,
    },
    sentMs: 1100,
    firstOutputMs: 1500,
    upstreamRequestId: "up_1",
    upstreamModel: "gpt-4o-2024-08-06",
    warnings: [],
    chunks: (async function* () {})(),
    outcome,
  };
}

/** The record of an attempt that failed. */
export function failedAttempt(provider: string, errorReason: string, upstreamStatus: number) {
  return create(AttemptSchema, { number: 1, provider, model: `${provider}/some-model`, errorReason, upstreamStatus });
}

/** What an attempt is charged. */
export function charged(inputTokens: number, amountNanos: bigint) {
  return {
    usage: create(UsageSchema, { inputTokens, source: UsageSource.ESTIMATED }),
    cost: create(CostSchema, { total: { currencyCode: "USD", amountNanos } }),
  };
}
