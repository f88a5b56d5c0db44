import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { cohere } from "../../../src/protocols/cohere/protocol.ts";
import { type Aim, completionOf, errorOf, warningsOf } from "../../support/dialect.ts";

const aim: Aim = { provider: "cohere", model: "command-a" };
const bodyOf = (json: JsonObject, more: Aim = {}) =>
  JSON.parse(JSON.stringify(cohere.render(completionOf(json, { ...aim, ...more })).body));
const losses = (json: JsonObject, more: Aim = {}) => warningsOf(cohere, json, { ...aim, ...more });
const refusal = (json: JsonObject) => errorOf(() => cohere.render(completionOf(json, aim)));

test("the smallest request", () => {
  expect(cohere.render(completionOf({ input: "hi" }, aim))).toMatchObject({ path: "/v2/chat", warnings: [] });
  expect(bodyOf({ input: "hi" })).toEqual({ model: "command-a", messages: [{ role: "user", content: "hi" }] });
  expect(bodyOf({ input: "hi" }, { stream: true })["stream"]).toBe(true);
});

test("settings within the limits of the API", () => {
  const json = {
    input: "hi",
    maxOutputTokens: 9,
    temperature: 0.5,
    topP: 0.9,
    topK: 40,
    frequencyPenalty: 0.1,
    presencePenalty: 0.2,
    seed: 7,
    stopSequences: ["a"],
    topLogprobs: 0,
    providerOptions: { cohere: { safety_mode: "STRICT" } },
  };
  expect(bodyOf(json)).toMatchObject({
    max_tokens: 9,
    temperature: 0.5,
    p: 0.9,
    k: 40,
    frequency_penalty: 0.1,
    presence_penalty: 0.2,
    seed: 7,
    stop_sequences: ["a"],
    logprobs: true,
    safety_mode: "STRICT",
  });
  expect(losses(json)).toEqual([]);
});

test("settings beyond them are brought within, and told", () => {
  const json = {
    input: "hi",
    temperature: 1.5,
    topP: 1,
    topK: 501,
    frequencyPenalty: -1,
    presencePenalty: 2,
    seed: -1,
    stopSequences: ["a", "b", "c", "d", "e", "f"],
    topLogprobs: 2,
    serviceTier: "flex",
    endUserId: "u",
  };
  expect(bodyOf(json)).toMatchObject({ temperature: 1, p: 0.99, k: 500, frequency_penalty: 0, presence_penalty: 1 });
  expect(bodyOf(json)["stop_sequences"]).toHaveLength(5);
  expect(bodyOf(json)).not.toHaveProperty("seed");
  expect(losses(json)).toEqual([
    "SETTING_IGNORED service_tier",
    "SETTING_IGNORED end_user_id",
    "SETTING_CHANGED temperature",
    "SETTING_CHANGED top_p",
    "SETTING_CHANGED top_k",
    "SETTING_CHANGED frequency_penalty",
    "SETTING_CHANGED presence_penalty",
    "SETTING_CHANGED stop_sequences",
    "SETTING_IGNORED seed",
    "SETTING_IGNORED top_logprobs",
  ]);
});

test.each(["model", "messages", "stream"])("a caller cannot set %s", (name) => {
  expect(refusal({ input: "hi", providerOptions: { cohere: { [name]: "x" } } }).reason).toBe("INVALID_REQUEST");
});

describe("tools", () => {
  const f = { function: { name: "f", description: "d", parametersJson: '{"required":[]}', strict: true } };
  const g = { function: { name: "g" } };

  test("are functions, all strict or none", () => {
    const json = { input: "hi", tools: [f, g] };
    expect(bodyOf(json)).toMatchObject({
      strict_tools: true,
      tools: [
        { type: "function", function: { name: "f", description: "d", parameters: { type: "object", required: [] } } },
        { type: "function", function: { name: "g", parameters: { type: "object", properties: {} } } },
      ],
    });
    expect(losses(json)).toEqual(["SETTING_CHANGED tools[1].function.strict"]);
    expect(losses({ input: "hi", tools: [f] })).toEqual([]);
  });

  test.each<[JsonObject, string | undefined, string[], string[]]>([
    [{ mode: "TOOL_MODE_AUTO" }, undefined, ["f", "g"], []],
    [{ mode: "TOOL_MODE_NONE" }, "NONE", ["f", "g"], []],
    [{ mode: "TOOL_MODE_REQUIRED" }, "REQUIRED", ["f", "g"], []],
    [{ toolName: "g" }, "REQUIRED", ["g"], ["SETTING_CHANGED tools"]],
    [{ mode: "TOOL_MODE_AUTO", parallel: false }, undefined, ["f", "g"], ["SETTING_IGNORED tool_choice.parallel"]],
  ])("chosen by %j", (toolChoice, choice, names, told) => {
    const json = { input: "hi", tools: [{ function: { name: "f" } }, g], toolChoice };
    const { tool_choice, tools } = bodyOf(json);
    expect([tool_choice, tools.map((tool: { function: { name: string } }) => tool.function.name)]).toEqual([
      choice,
      names,
    ]);
    expect(losses(json)).toEqual(told);
  });

  test("of the provider there are none, nor names that are not there", () => {
    expect(refusal({ input: "hi", tools: [{ providerTool: { id: "cohere.x" } }] }).reason).toBe(
      "CAPABILITY_UNSUPPORTED",
    );
    expect(refusal({ input: "hi", tools: [g], toolChoice: { toolName: "x" } }).reason).toBe("INVALID_REQUEST");
    expect(losses({ input: "hi", toolChoice: { mode: "TOOL_MODE_REQUIRED" } })).toEqual([
      "SETTING_IGNORED tool_choice",
    ]);
  });

  test("and JSON exclude each other", () => {
    expect(refusal({ input: "hi", tools: [g], responseFormat: { jsonObject: {} } }).info["field"]).toBe(
      "response_format",
    );
  });
});

test("the form of the answer", () => {
  expect(bodyOf({ input: "hi", responseFormat: { jsonObject: {} } })["response_format"]).toEqual({
    type: "json_object",
  });
  const jsonSchema = { schemaJson: '{"type":"object","properties":{"b":{},"a":{}}}', strict: true };
  expect(JSON.stringify(bodyOf({ input: "hi", responseFormat: { jsonSchema } })["response_format"])).toBe(
    `{"type":"json_object","json_schema":${jsonSchema.schemaJson}}`,
  );
});

test.each<[JsonObject, unknown, string[]]>([
  [{}, undefined, []],
  [{ effort: "none" }, { type: "disabled" }, []],
  [{ budgetTokens: 0 }, { type: "disabled" }, []],
  [{ budgetTokens: 99 }, { type: "enabled", token_budget: 99 }, []],
  [{ effort: "low" }, { type: "enabled", token_budget: 2048 }, ["SETTING_CHANGED reasoning.effort"]],
  [{ effort: "novel" }, { type: "enabled", token_budget: 8192 }, ["SETTING_CHANGED reasoning.effort"]],
  [{ effort: "low", budgetTokens: 9 }, { type: "enabled", token_budget: 9 }, ["SETTING_IGNORED reasoning.effort"]],
])("reasoning %j is thinking %j", (reasoning, thinking, told) => {
  expect(bodyOf({ input: "hi", reasoning })["thinking"]).toEqual(thinking);
  expect(losses({ input: "hi", reasoning })).toEqual(told);
});

test("a model that is known not to reason is not asked to", () => {
  const facts = { features: new Set(["tools"]) };
  expect(bodyOf({ input: "hi", reasoning: { effort: "high" } }, { facts })).not.toHaveProperty("thinking");
  expect(losses({ input: "hi", reasoning: { effort: "high" } }, { facts })).toEqual(["SETTING_IGNORED reasoning"]);
  expect(losses({ input: "hi", reasoning: { effort: "none" } }, { facts })).toEqual([]);
});
