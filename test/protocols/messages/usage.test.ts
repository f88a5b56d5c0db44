import { describe, expect, test } from "vitest";
import { folded } from "../../support/dialect.ts";
import { readAll } from "./cases.ts";
import { bytes, whole } from "./events.ts";

describe("usage", () => {
  const answered = (usage: object) =>
    folded(readAll(whole, [bytes(JSON.stringify({ content: [], stop_reason: "end_turn", usage }))])).usage;

  test("splits cache writes by lifetime", () => {
    const usage = { cache_creation_input_tokens: 9, cache_creation: { ephemeral_1h_input_tokens: 4 } };
    expect(answered(usage)).toMatchObject({ cacheWriteTokens: 9, cacheWrite1hTokens: 4 });
  });

  test.each([
    [{ service_tier: "standard", speed: "standard", inference_geo: "global" }, ""],
    [{ service_tier: "priority" }, "priority"],
    [{ service_tier: "standard", speed: "fast" }, "fast"],
    [{ service_tier: "standard", inference_geo: "us" }, "us"],
  ])("of %j names the tier %j", (usage, tier) => {
    expect(answered(usage)?.serviceTier).toBe(tier);
  });

  test("takes in what was read and written to compact the conversation", () => {
    const iterations = [
      {
        type: "compaction",
        input_tokens: 180_000,
        output_tokens: 3500,
        cache_read_input_tokens: 2,
        cache_creation_input_tokens: 3,
        cache_creation: { ephemeral_1h_input_tokens: 1 },
      },
      { type: "message", input_tokens: 23_000, output_tokens: 1000 },
    ];
    const usage = { input_tokens: 23_000, output_tokens: 1000, cache_read_input_tokens: 5, iterations };
    expect(answered(usage)).toMatchObject({
      inputTokens: 203_010,
      outputTokens: 4500,
      cacheReadTokens: 7,
      cacheWriteTokens: 3,
      cacheWrite1hTokens: 1,
      serviceTier: "",
    });
  });

  test("with the help of another model has no price that is known", () => {
    const iterations = [{ type: "message" }, { type: "advisor_message", model: "claude-opus-4-6", input_tokens: 9 }];
    expect(answered({ input_tokens: 5, iterations })).toMatchObject({ inputTokens: 5, serviceTier: "advisor_message" });
  });
});
