import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { render, talker, thinker } from "./asking.ts";

describe("tools", () => {
  const f = { function: { name: "f", parameters: { type: "object", properties: { b: {}, a: {} } } } };
  const own = { providerTool: { id: "openai.web_search", config: { search_context_size: "low" } } };

  test("say whether they are strict, which would else be taken for granted", () => {
    const strict = { function: { name: "g", description: "d", strict: true, parametersJson: '{"a":1}' } };
    const { body } = render({ tools: [f, strict, own] });
    expect(body["tools"]).toEqual([
      { type: "function", name: "f", parameters: { properties: { a: {}, b: {} }, type: "object" }, strict: false },
      {
        type: "function",
        name: "g",
        description: "d",
        parameters: { a: 1, type: "object", properties: {} },
        strict: true,
      },
      { type: "web_search", search_context_size: "low" },
    ]);
  });

  test.each([
    [
      { mode: "TOOL_MODE_AUTO", parallel: false },
      { tool_choice: "auto", parallel_tool_calls: false },
    ],
    [{ mode: "TOOL_MODE_NONE" }, { tool_choice: "none" }],
    [{ mode: "TOOL_MODE_REQUIRED" }, { tool_choice: "required" }],
    [{ toolName: "f" }, { tool_choice: { type: "function", name: "f" } }],
    [{ toolName: "web_search" }, { tool_choice: { type: "web_search" } }],
  ])("are chosen by %j", (toolChoice, chosen) => {
    expect(render({ tools: [f, own], toolChoice }).body).toMatchObject(chosen);
  });

  test("of another provider are refused, and a choice among none is ignored", () => {
    expect(() => render({ tools: [{ providerTool: { id: "anthropic.bash" } }] })).toThrow("tools[0].provider_tool.id");
    expect(render({ toolChoice: { mode: "TOOL_MODE_AUTO" } }).warnings).toEqual(["SETTING_IGNORED tool_choice"]);
  });
});

describe("settings", () => {
  test("go where the dialect has them", () => {
    const { body, warnings } = render({
      maxOutputTokens: 99,
      temperature: 0.5,
      topP: 0.9,
      topLogprobs: 2,
      serviceTier: "flex",
      endUserId: "u-1",
      responseFormat: { jsonSchema: { description: "d", schema: { type: "object" }, strict: true } },
    });
    expect(body).toMatchObject({
      max_output_tokens: 99,
      temperature: 0.5,
      top_p: 0.9,
      top_logprobs: 2,
      include: ["message.output_text.logprobs"],
      service_tier: "flex",
      safety_identifier: "u-1",
      text: {
        format: { type: "json_schema", name: "response", description: "d", schema: { type: "object" }, strict: true },
      },
    });
    expect(warnings).toEqual([]);
    expect(render({ responseFormat: { jsonObject: {} } }).body["text"]).toEqual({ format: { type: "json_object" } });
    expect(render({ responseFormat: { text: {} } }).body).not.toHaveProperty("text");
    expect(render({}, undefined, true).body["stream"]).toBe(true);
  });

  test("that the dialect has not are told", () => {
    const all = { topK: 3, frequencyPenalty: 1, presencePenalty: 1, seed: 4, stopSequences: ["x"] };
    expect(render({ ...all, reasoning: { budgetTokens: 9 } }).warnings.sort()).toEqual([
      "SETTING_IGNORED frequency_penalty",
      "SETTING_IGNORED presence_penalty",
      "SETTING_IGNORED reasoning.budget_tokens",
      "SETTING_IGNORED seed",
      "SETTING_IGNORED stop_sequences",
      "SETTING_IGNORED top_k",
    ]);
  });

  test("an id above 64 characters is told by its hash", () => {
    const { body, warnings } = render({ endUserId: "u".repeat(65) });
    expect(body["safety_identifier"]).toMatch(/^[0-9a-f]{64}$/);
    expect(warnings).toEqual(["SETTING_CHANGED end_user_id"]);
  });

  const encrypted = ["reasoning.encrypted_content"];
  test.each([
    ["a model that reasons", thinker, undefined, { include: encrypted }, {}],
    [
      "one that is asked to",
      undefined,
      { effort: "low" },
      { include: encrypted, reasoning: { effort: "low", summary: "auto" } },
      {},
    ],
    [
      "one that is to hide it",
      thinker,
      { effort: "low", hideText: true },
      { include: encrypted, reasoning: { effort: "low" } },
      {},
    ],
    ["one whose effort is left to it", thinker, {}, { include: encrypted, reasoning: { summary: "auto" } }, {}],
    ["one that is not to reason", thinker, { effort: "none" }, { reasoning: { effort: "none" } }, { include: 1 }],
    ["one that cannot", talker, {}, {}, { include: 1, reasoning: 1 }],
    ["one of which nothing is known", undefined, undefined, {}, { include: 1, reasoning: 1 }],
  ])("ask %s for its reasoning", (_, facts, reasoning, has, hasNot) => {
    const { body } = render(reasoning === undefined ? {} : { reasoning }, facts);
    expect(body).toMatchObject(has);
    for (const name of Object.keys(hasNot)) expect(body).not.toHaveProperty(name);
  });

  test("options add to what the gateway says, but do not take it over", () => {
    const options = (openai: JsonObject) => ({ providerOptions: { openai } }) as JsonObject;
    const { body } = render(
      {
        responseFormat: { jsonObject: {} },
        reasoning: { effort: "low" },
        ...options({
          store: true,
          truncation: "auto",
          text: { verbosity: "low" },
          reasoning: { summary: "detailed" },
          include: ["web_search_call.action.sources", "reasoning.encrypted_content"],
        }),
      },
      thinker,
    );
    expect(body).toMatchObject({
      store: true,
      truncation: "auto",
      text: { format: { type: "json_object" }, verbosity: "low" },
      reasoning: { effort: "low", summary: "detailed" },
      include: ["reasoning.encrypted_content", "web_search_call.action.sources"],
    });
    for (const bad of [{ text: "x" }, { reasoning: [] }, { include: "x" }, { input: "x" }, { background: true }]) {
      expect(() => render(options(bad))).toThrow(`provider_options.${Object.keys(bad)[0]}`);
    }
  });
});
