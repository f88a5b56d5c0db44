import { create } from "@bufbuild/protobuf";
import { CompleteRequestSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { factsOf } from "../../src/catalog/facts.ts";
import type { Attempt } from "../../src/model/call.ts";
import type { ModelFacts } from "../../src/model/target.ts";
import { attemptAt } from "../support/attempt.ts";

const nanosPerDollar = 1_000_000_000n;

/** An attempt at up/m-1: a window of 1000 tokens, a dollar for a million in, two dollars for a million out. */
export function attemptOf(failures: Attempt["failures"] = []): Attempt {
  const price = (meter: string, dollars: bigint) => ({
    meter,
    nanosPerMillion: dollars * nanosPerDollar,
    fromInputTokens: 0,
  });
  const facts: ModelFacts = {
    ...factsOf({ contextWindow: 1000 }, ""),
    priceList: { name: "test", prices: [price("input", 1n), price("output", 2n)] },
  };
  // 8 bytes and one message: 2 + 4 tokens.
  const request = create(CompleteRequestSchema, { input: "12345678" });
  return { ...attemptAt({ kind: "up", model: "m-1", facts }, request, true), failures };
}
