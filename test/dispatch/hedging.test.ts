import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { CompleteRequestSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { EmbedRequestSchema } from "../../gen/llmhub/v1/embedding_pb.ts";
import { isElsewhere, mayHedge } from "../../src/dispatch/hedging.ts";
import { unknownModel } from "../../src/dispatch/known-facts.ts";
import type { Target } from "../../src/model/target.ts";

const rules = { delayMs: 1, parallelMax: 2, ratioMax: 1, nanosPerMinuteMax: undefined, optIn: false };
const timeouts = { firstOutputMs: 1, idleMs: 1, totalMs: 1 };

function may(request: MessageInitShape<typeof CompleteRequestSchema>, optIn = false): boolean {
  return mayHedge({ ...rules, optIn }, create(CompleteRequestSchema, request));
}

test("what a provider may do twice is not hedged", () => {
  expect(may({})).toBe(true);
  expect(may({ tools: [{ kind: { case: "function", value: { name: "f" } } }] })).toBe(true);
  expect(may({ tools: [{ kind: { case: "providerTool", value: {} } }] })).toBe(false);
  expect(may({ providerOptions: { openai: { store: true } } })).toBe(false);
  expect(mayHedge(rules, create(EmbedRequestSchema))).toBe(true);
});

test("the caller has the word, where the policy leaves it to callers, too", () => {
  expect(may({ routing: { hedge: false } })).toBe(false);
  expect(may({ routing: { hedge: true } })).toBe(true);
  expect(may({}, true)).toBe(false);
  expect(may({ routing: { hedge: true } }, true)).toBe(true);
  expect(may({ routing: { hedge: true }, tools: [{ kind: { case: "providerTool", value: {} } }] }, true)).toBe(false);
});

test("another account is elsewhere; another model, or another name of the same account, is not", () => {
  const at = (id: string, account?: string): Target => ({
    provider: {
      id,
      displayName: id,
      models: new Map(),
      defaultModel: undefined,
      timeouts,
      ...(account === undefined ? {} : { account }),
    },
    model: "m",
    selector: `${id}/m`,
    facts: unknownModel,
  });
  expect(isElsewhere(at("a"), at("b"))).toBe(true);
  expect(isElsewhere(at("a", "1"), at("a", "1"))).toBe(false);
  expect(isElsewhere(at("a", "1"), at("b", "1"))).toBe(false);
  expect(isElsewhere(at("a", "1"), at("b", "2"))).toBe(true);
  expect(isElsewhere(at("a", "1"), at("a", "2"))).toBe(true);
});
