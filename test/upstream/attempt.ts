import { create } from "@bufbuild/protobuf";
import { CompleteRequestSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import type { Attempt } from "../../src/model/call.ts";
import type { ModelFacts } from "../../src/model/target.ts";
import { rpcWith } from "../support/rpc.ts";

const nanosPerDollar = 1_000_000_000n;
const timeouts = { firstOutputMs: 1000, idleMs: 1000, totalMs: 1000 };

/** An attempt at up/m-1: a window of 1000 tokens, a dollar for a million in, two dollars for a million out. */
export function attemptOf(failures: Attempt["failures"] = []): Attempt {
  const price = (meter: string, dollars: bigint) => ({
    meter,
    nanosPerMillion: dollars * nanosPerDollar,
    fromInputTokens: 0,
  });
  const facts: ModelFacts = {
    type: "completion",
    contextWindow: 1000,
    maxOutputTokens: 0,
    dimensions: 0,
    retireTimeMs: 0,
    inputModalities: [],
    outputModalities: [],
    features: new Set<string>(),
    priceList: { name: "test", prices: [price("input", 1n), price("output", 2n)] },
  };
  const models = new Map([["m-1", facts]]);
  const provider = { id: "up", displayName: "Up", models, defaultModel: undefined, timeouts };
  const rpc = rpcWith();
  // 8 bytes and one message: 2 + 4 tokens.
  const request = create(CompleteRequestSchema, { input: "12345678" });
  return {
    call: { id: "cmp_1", rpc, request, stream: true },
    target: { provider, model: "m-1", selector: "up/m-1", facts },
    policy: "",
    failures,
    timeouts,
    freshConnection: false,
  };
}
