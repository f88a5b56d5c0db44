import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { knownFacts } from "./cases.ts";
import { bodyOf, functions, hi, warningsOf } from "./rendered.ts";

const levels = ["effort_xhigh", "effort_max"];
const adaptive = knownFacts({ features: new Set(["adaptive_reasoning", ...levels]), maxOutputTokens: 64_000 });

describe("reasoning", () => {
  const budget = (budget_tokens: number) => ({ type: "enabled", budget_tokens });
  const known = knownFacts({ maxOutputTokens: 64_000, features: new Set(["reasoning"]) });

  test.each([
    [{ effort: "none" }, {}, { type: "disabled" }, 64_000, []],
    [{ budgetTokens: 0 }, {}, { type: "disabled" }, 64_000, []],
    [{ effort: "minimal" }, {}, budget(1024), 64_000, []],
    [{ effort: "max" }, {}, budget(32_768), 64_000, []],
    [{ effort: "huge" }, {}, budget(8192), 64_000, ["SETTING_CHANGED reasoning.effort"]],
    [{ budgetTokens: 5 }, {}, budget(1024), 64_000, ["SETTING_CHANGED reasoning.budget_tokens"]],
    [{ budgetTokens: 3000, effort: "low" }, {}, budget(3000), 64_000, []],
    [{ budgetTokens: 3000 }, { maxOutputTokens: 2500 }, budget(1476), 2500, ["SETTING_CHANGED reasoning"]],
    [{ budgetTokens: 3000 }, { maxOutputTokens: 1500 }, budget(1024), 1500, ["SETTING_CHANGED reasoning"]],
    [{ budgetTokens: 3000 }, { maxOutputTokens: 1024 }, undefined, 1024, ["SETTING_IGNORED reasoning"]],
    [{ effort: "low", hideText: true }, {}, { ...budget(2048), display: "omitted" }, 64_000, []],
    [
      { effort: "low" },
      { ...functions, toolChoice: { toolName: "f" } },
      undefined,
      64_000,
      ["SETTING_IGNORED reasoning"],
    ],
  ])("by budget: %j with %j", (reasoning, more, thinking, maxTokens, warnings) => {
    const request = { ...hi, ...more, reasoning };
    const body = bodyOf(request, known);
    expect([body.thinking, body.max_tokens, body.output_config]).toEqual([thinking, maxTokens, undefined]);
    expect(warningsOf(request, known)).toEqual(warnings);
  });

  test("without any known limit raises the default", () => {
    const body = bodyOf({ ...hi, reasoning: { effort: "high" } });
    expect([body.thinking, body.max_tokens]).toEqual([budget(16_384), 20_480]);
  });

  test.each([
    [{ effort: "max" }, {}, "summarized", "max", []],
    [{ effort: "low", hideText: true }, {}, "omitted", "low", []],
    [{ effort: "minimal" }, {}, "summarized", "low", ["SETTING_CHANGED reasoning.effort"]],
    [{ budgetTokens: 20_000 }, {}, "summarized", "high", ["SETTING_CHANGED reasoning.budget_tokens"]],
    [{ effort: "low", budgetTokens: 20_000 }, {}, "summarized", "low", ["SETTING_IGNORED reasoning.budget_tokens"]],
    [{ effort: "xhigh" }, {}, "summarized", "xhigh", []],
    [{ effort: "low" }, { ...functions, toolChoice: { toolName: "f" } }, "summarized", "low", []],
  ])("by effort: %j with %j", (reasoning, more, display, effort, warnings) => {
    const request = { ...hi, ...more, reasoning };
    const body = bodyOf(request, adaptive);
    expect(body.thinking).toEqual(display === undefined ? undefined : { type: "adaptive", display });
    expect(body.output_config).toEqual({ effort });
    expect(warningsOf(request, adaptive)).toEqual(warnings);
  });

  test.each([
    [{ effort: "xhigh" }, ["effort_max"], "high"],
    [{ effort: "max" }, ["effort_xhigh"], "xhigh"],
    [{ effort: "max" }, [], "high"],
    [{ budgetTokens: 32_768 }, [], "high"],
  ])("%j goes down to what a model with %j has", (reasoning, more, effort) => {
    const facts = knownFacts({ features: new Set(["adaptive_reasoning", ...more]) });
    expect(bodyOf({ ...hi, reasoning }, facts).output_config).toEqual({ effort });
    expect(warningsOf({ ...hi, reasoning }, facts)).toHaveLength(1);
  });

  test.each([{ effort: "none" }, { budgetTokens: 0 }])(
    "%j is low effort where it cannot be switched off",
    (reasoning) => {
      const always = knownFacts({ features: new Set(["adaptive_reasoning", "always_reasoning"]) });
      const body = bodyOf({ ...hi, reasoning }, always);
      expect([body.thinking, body.output_config]).toEqual([undefined, { effort: "low" }]);
      expect(warningsOf({ ...hi, reasoning }, always)).toEqual(["SETTING_CHANGED reasoning"]);
    },
  );

  test("of a model that is known not to is ignored", () => {
    const plain = knownFacts({ features: new Set(["tools"]) });
    expect(bodyOf({ ...hi, reasoning: { effort: "low" } }, plain)).not.toHaveProperty("thinking");
    expect(warningsOf({ ...hi, reasoning: { effort: "low" } }, plain)).toEqual(["SETTING_IGNORED reasoning"]);
    expect(warningsOf({ ...hi, reasoning: { effort: "none" } }, plain)).toEqual([]);
  });

  test("by budget does not go with an answer that is begun for the model", () => {
    const begun = {
      messages: [{ text: "hi" }, { role: "ROLE_ASSISTANT", text: "It is" }],
      reasoning: { effort: "low" },
    };
    expect(bodyOf(begun).thinking).toBeUndefined();
    expect(warningsOf(begun)).toEqual(["SETTING_IGNORED reasoning"]);
    expect(bodyOf(begun, adaptive).thinking?.type).toBe("adaptive");
  });

  test("of a model nobody knows is asked for as the caller did", () => {
    const unknown = knownFacts({ features: new Set() });
    expect(bodyOf({ ...hi, reasoning: { effort: "low" } }, unknown).thinking?.type).toBe("adaptive");
    expect(bodyOf({ ...hi, reasoning: { budgetTokens: 2000 } }, unknown).thinking?.type).toBe("enabled");
  });

  test("does not begin between a tool call and its result", () => {
    const loop = (...before: JsonObject[]) => ({
      reasoning: { effort: "low" },
      messages: [
        { text: "hi" },
        { role: "ROLE_ASSISTANT", content: [...before, { toolCall: { id: "t", name: "f" } }] },
        { role: "ROLE_TOOL", content: [{ toolResult: { toolCallId: "t" } }] },
      ],
    });
    const signed = { reasoning: { text: "t" }, signature: { provider: "anthropic", value: "s" } };
    expect(bodyOf(loop()).thinking).toBeUndefined();
    expect(warningsOf(loop())).toEqual(["SETTING_IGNORED reasoning"]);
    expect(bodyOf(loop(signed)).thinking?.type).toBe("enabled");
    expect(bodyOf(loop(), adaptive).thinking?.type).toBe("adaptive");
  });
});
