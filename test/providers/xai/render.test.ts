import { expect, it } from "vitest";
import { xai } from "../../../src/providers/xai/xai.ts";
import { bodyOf } from "../../support/provider-body.ts";

const penalties = { frequencyPenalty: 1, presencePenalty: 1, stopSequences: ["."] };

it.each(["grok-3-mini", "grok-4.3", "grok-4-1-fast-reasoning"])("%s, which reasons, refuses penalties", (model) => {
  const { body, warnings } = bodyOf(xai, model, { input: "hi", ...penalties, maxOutputTokens: 3 });
  expect(body).toEqual({ model, messages: [{ role: "user", content: "hi" }], max_completion_tokens: 3 });
  expect(warnings).toHaveLength(3);
});

it.each(["grok-2", "grok-4-1-fast-non-reasoning"])("%s, which does not, takes them", (model) => {
  const { body, warnings } = bodyOf(xai, model, { input: "hi", ...penalties });
  expect(body).toMatchObject({ frequency_penalty: 1, presence_penalty: 1, stop: ["."] });
  expect(warnings).toEqual([]);
});

it.each([
  ["grok-3-mini", "medium", "high"],
  ["grok-4.3", "none", "none"],
  ["grok-4.3", "xhigh", "high"],
  ["grok-4", "high", undefined],
  ["grok-9", "ultra", "ultra"],
])("%s takes effort %s as %s", (model, effort, sent) => {
  expect(bodyOf(xai, model, { input: "hi", reasoning: { effort } }).body["reasoning_effort"]).toBe(sent);
});
