import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { StreamFinishedSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { UsageSource } from "../../gen/llmhub/v1/usage_pb.ts";
import { answerStats, moneyText } from "../../src/cli/answer-stats.ts";

test.each([
  [0n, "0 USD"],
  [1n, "0.000000001 USD"],
  [12_500_000n, "0.0125 USD"],
  [3_000_000_000n, "3 USD"],
  [-1_500_000_000n, "-1.5 USD"],
  [9_223_372_036_854_775_807n, "9223372036.854775807 USD"],
])("%s nanos are %s", (amountNanos, expected) => {
  expect(moneyText({ amountNanos, currencyCode: "USD" })).toBe(expected);
});

test("what is unknown is called so", () => {
  expect(answerStats(create(StreamFinishedSchema), undefined)).toBe(
    "model unknown · tokens unknown · cost unknown · no output",
  );
  const finished = create(StreamFinishedSchema, {
    routing: { model: "openai/gpt-4o" },
    usage: { inputTokens: 12, outputTokens: 34, source: UsageSource.ESTIMATED },
    cost: { total: { currencyCode: "USD", amountNanos: 5n } },
  });
  expect(answerStats(finished, 120.4)).toBe(
    "openai/gpt-4o · 12 in, 34 out tokens (estimated) · 0.000000005 USD · first output 120 ms",
  );
});
