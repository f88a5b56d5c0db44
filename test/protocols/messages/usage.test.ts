import { describe, expect, test } from "vitest";
import { folded, readAll } from "./cases.ts";
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
});
