import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Usage, UsageSchema } from "../../gen/llmhub/v1/usage_pb.ts";
import { clampUsage } from "../../src/model/clamp-usage.ts";

const counts = (usage: Usage) => [
  usage.inputTokens,
  usage.outputTokens,
  usage.cacheReadTokens ?? 0,
  usage.cacheWriteTokens ?? 0,
  usage.reasoningTokens ?? 0,
  usage.cacheWrite1hTokens ?? 0,
  ...usage.byModality.flatMap((share) => [share.inputTokens, share.outputTokens]),
  ...Object.values(usage.toolUses),
];

test("any numbers become a usage that keeps its invariants, and a second time changes nothing", () => {
  const number = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.constantFrom(Number.NaN, 1e12, -1, -0, Number.POSITIVE_INFINITY),
  );
  const known = fc.option(number, { nil: undefined });
  const broken = fc.record({
    inputTokens: number,
    outputTokens: number,
    cacheReadTokens: known,
    cacheWriteTokens: known,
    cacheWrite1hTokens: known,
    reasoningTokens: known,
    share: number,
    uses: number,
  });
  fc.assert(
    fc.property(broken, fc.nat(), ({ share, uses, ...numbers }, contextWindow) => {
      const given: Usage = { ...create(UsageSchema, { toolUses: { search: uses } }), ...numbers };
      given.byModality = [
        { $typeName: "llmhub.v1.ModalityTokens", modality: 1, inputTokens: share, outputTokens: share },
      ];
      const { usage, changed } = clampUsage(given, contextWindow);
      const limit = contextWindow === 0 ? 2 ** 31 - 1 : contextWindow;
      for (const count of counts(usage).slice(0, 6))
        expect(Number.isInteger(count) && count >= 0 && count <= limit).toBe(true);
      for (const count of counts(usage)) expect(Number.isInteger(count) && count >= 0).toBe(true);
      expect((usage.cacheReadTokens ?? 0) + (usage.cacheWriteTokens ?? 0)).toBeLessThanOrEqual(usage.inputTokens);
      expect(usage.cacheWrite1hTokens ?? 0).toBeLessThanOrEqual(usage.cacheWriteTokens ?? 0);
      expect(usage.reasoningTokens ?? 0).toBeLessThanOrEqual(usage.outputTokens);
      expect(changed).toBe(counts(given).some((count, i) => count !== counts(usage)[i]));
      expect(clampUsage(usage, contextWindow)).toEqual({ usage, changed: false });
    }),
  );
});

test("a sound usage comes back itself, and unknown stays unknown", () => {
  const usage = create(UsageSchema, { inputTokens: 10, outputTokens: 5, reasoningTokens: 5 });
  expect(clampUsage(usage, 100).usage).toBe(usage);
  expect(clampUsage(create(UsageSchema, { inputTokens: -1 }), 100).usage.cacheReadTokens).toBeUndefined();
});
