import { expect, test } from "vitest";
import { gemini } from "../../../src/protocols/gemini/protocol.ts";
import { warningsOf } from "../../support/dialect.ts";
import { bodyOf, hi } from "./rendered.ts";

const reasoner = { features: new Set(["reasoning"]) };
const plain = { features: new Set(["tools"]) };

test.each([
  // A budget before Gemini 3.
  ["gemini-2.5-flash", {}, {}, ""],
  ["gemini-2.5-flash", { budgetTokens: 6400 }, { thinkingBudget: 6400 }, ""],
  ["gemini-2.5-flash", { budgetTokens: 99_999 }, { thinkingBudget: 24_576 }, "SETTING_CHANGED reasoning.budget_tokens"],
  ["gemini-2.5-flash-lite", { budgetTokens: 5 }, { thinkingBudget: 512 }, "SETTING_CHANGED reasoning.budget_tokens"],
  ["gemini-2.5-pro", { effort: "high" }, { thinkingBudget: 24_576 }, ""],
  ["gemini-2.5-pro", { effort: "max" }, { thinkingBudget: 32_768 }, ""],
  ["gemini-2.5-flash", { effort: "ultra" }, { thinkingBudget: 8192 }, "SETTING_CHANGED reasoning.effort"],
  // A level since.
  ["gemini-3-flash-preview", { effort: "minimal" }, { thinkingLevel: "MINIMAL" }, ""],
  ["gemini-3-pro-preview", { effort: "medium" }, { thinkingLevel: "LOW" }, "SETTING_CHANGED reasoning.effort"],
  ["gemini-3.1-pro-preview", { effort: "medium" }, { thinkingLevel: "MEDIUM" }, ""],
  ["gemini-3.1-pro-preview", { effort: "max" }, { thinkingLevel: "HIGH" }, "SETTING_CHANGED reasoning.effort"],
  [
    "gemini-flash-latest",
    { budgetTokens: 9000 },
    { thinkingLevel: "MEDIUM" },
    "SETTING_CHANGED reasoning.budget_tokens",
  ],
  [
    "gemini-3-flash-preview",
    { effort: "low", budgetTokens: 9 },
    { thinkingLevel: "LOW" },
    "SETTING_IGNORED reasoning.budget_tokens",
  ],
  // As the caller says where nothing is known.
  ["tuned", { effort: "low" }, { thinkingLevel: "LOW" }, ""],
  ["tuned", { budgetTokens: 3 }, { thinkingBudget: 3 }, ""],
])("%s with %j", (model, reasoning, amount, warning) => {
  const json = { ...hi, reasoning };
  expect(bodyOf(json, { model, facts: reasoner }).generationConfig).toEqual({
    thinkingConfig: { includeThoughts: true, ...amount },
  });
  expect(warningsOf(gemini, json, { model, facts: reasoner }).join()).toBe(warning);
});

test.each([
  ["gemini-2.5-flash", { effort: "none" }, { thinkingBudget: 0 }, ""],
  ["gemini-2.5-pro", { budgetTokens: 0 }, { thinkingBudget: 128 }, "SETTING_CHANGED reasoning.budget_tokens"],
  ["gemini-3-flash-preview", { effort: "none" }, { thinkingLevel: "MINIMAL" }, "SETTING_CHANGED reasoning.effort"],
  ["gemini-3-pro-preview", { effort: "none" }, { thinkingLevel: "LOW" }, "SETTING_CHANGED reasoning.effort"],
])("%s is kept from thinking as far as it goes: %j", (model, reasoning, amount, warning) => {
  const json = { ...hi, reasoning };
  expect(bodyOf(json, { model }).generationConfig).toEqual({ thinkingConfig: amount });
  expect(warningsOf(gemini, json, { model }).join()).toBe(warning);
});

test("thoughts that are not to be seen are not asked for", () => {
  const json = { ...hi, reasoning: { effort: "low", hideText: true } };
  expect(bodyOf(json).generationConfig).toEqual({ thinkingConfig: { thinkingBudget: 1024 } });
});

test("a model that does not reason is not told to", () => {
  const aim = { model: "gemini-2.0-flash", facts: plain };
  expect(bodyOf({ ...hi, reasoning: { effort: "low" } }, aim).generationConfig).toBeUndefined();
  expect(warningsOf(gemini, { ...hi, reasoning: { effort: "low" } }, aim)).toEqual(["SETTING_IGNORED reasoning"]);
  expect(warningsOf(gemini, { ...hi, reasoning: { effort: "none" } }, aim)).toEqual([]);
  expect(warningsOf(gemini, { ...hi, reasoning: {} }, aim)).toEqual([]);
});
