import { describe, expect, test } from "vitest";
import { knownFacts } from "./cases.ts";
import { bodyOf, hi, warningsOf } from "./rendered.ts";

describe("sampling", () => {
  test.each([
    [
      { temperature: 0.5, topK: 3, stopSequences: ["END"] },
      { temperature: 0.5, top_k: 3, stop_sequences: ["END"] },
      [],
    ],
    [{ temperature: 1.5 }, { temperature: 1 }, ["SETTING_CHANGED temperature"]],
    [{ topP: 0.5 }, { top_p: 0.5 }, []],
    [{ temperature: 0.5, topP: 0.5 }, { temperature: 0.5 }, ["SETTING_IGNORED top_p"]],
    [{ stopSequences: [" "] }, {}, ["SETTING_IGNORED stop_sequences[0]"]],
    [
      { frequencyPenalty: 1, presencePenalty: 1, seed: 0, topLogprobs: 0 },
      {},
      ["frequency_penalty", "presence_penalty", "seed", "top_logprobs"].map((field) => `SETTING_IGNORED ${field}`),
    ],
    [{ frequencyPenalty: 0, presencePenalty: 0 }, {}, []],
    [
      { endUserId: "u", serviceTier: "priority" },
      { metadata: { user_id: "u" }, service_tier: "auto" },
      ["SETTING_CHANGED service_tier"],
    ],
    [{ serviceTier: "flex" }, {}, ["SETTING_IGNORED service_tier"]],
  ])("%j", (settings, expected, warnings) => {
    const { model, messages: list, max_tokens, ...rest } = bodyOf({ ...hi, ...settings });
    expect(rest).toEqual(expected);
    expect(warningsOf({ ...hi, ...settings })).toEqual(warnings);
  });

  test("of a model that fixes it, or that thinks, is left out with warnings", () => {
    const settings = { ...hi, temperature: 0.5, topK: 3 };
    const topP = { ...hi, topP: 0.97 };
    const fixed = knownFacts({ features: new Set(["fixed_sampling"]) });
    const dropped = ["SETTING_IGNORED temperature", "SETTING_IGNORED top_k"];
    const thinking = { reasoning: { effort: "low" } };
    expect(warningsOf(settings, fixed)).toEqual(dropped);
    expect(warningsOf({ ...settings, ...thinking })).toEqual(dropped);
    expect(warningsOf(topP, fixed)).toEqual(["SETTING_IGNORED top_p"]);
    expect(bodyOf({ ...topP, ...thinking }).top_p).toBe(0.97);
    const both = { ...topP, temperature: 0.5, ...thinking };
    expect(bodyOf(both).top_p).toBe(0.97);
    expect(warningsOf(both)).toEqual(["SETTING_IGNORED temperature"]);
  });
});
