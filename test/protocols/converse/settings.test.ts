import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { countedConverse } from "../../../src/protocols/converse/protocol.ts";
import {
  answered,
  attemptOf,
  bodyOf,
  delta,
  ending,
  models,
  refusalOf,
  start,
  stop,
  streamed,
  warningsOf,
  whole,
} from "./attempt.ts";

const tool = {
  function: { name: "f", description: "d", parametersJson: '{"properties":{"n":{"minimum":1.0}}}', strict: true },
};
const asks = (json: JsonObject): JsonObject => ({ input: "hi", ...json });

describe("tools", () => {
  const configOf = (json: JsonObject, model?: string) => bodyOf(asks(json), model).toolConfig;

  test("a function keeps its schema as written", () => {
    expect(JSON.stringify(configOf({ tools: [tool] }))).toBe(
      '{"tools":[{"toolSpec":{"name":"f","description":"d","inputSchema":' +
        '{"json":{"type":"object","properties":{"n":{"minimum":1.0}}}},"strict":true}}]}',
    );
  });

  test.each([
    [{ mode: "TOOL_MODE_AUTO" }, undefined],
    [{ mode: "TOOL_MODE_REQUIRED" }, { any: {} }],
    [{ toolName: "f" }, { tool: { name: "f" } }],
  ])("the choice %j", (toolChoice, expected) => {
    expect(configOf({ tools: [tool], toolChoice })?.toolChoice).toEqual(expected);
  });

  test("none leaves the tools out, unless they were called before", () => {
    const toolChoice = { mode: "TOOL_MODE_NONE" };
    expect(configOf({ tools: [tool], toolChoice })).toBeUndefined();
    expect(warningsOf(asks({ tools: [tool], toolChoice }))).toEqual(["SETTING_IGNORED tools"]);
    const called = { messages: [{ role: "ROLE_ASSISTANT", content: [{ toolCall: { id: "c", name: "f" } }] }] };
    expect(configOf({ ...called, tools: [tool], toolChoice })?.tools).toHaveLength(1);
    expect(warningsOf(asks({ ...called, tools: [tool], toolChoice }))).toEqual(["SETTING_CHANGED tool_choice"]);
  });

  test("tools that were called are defined, since calls are refused without", () => {
    const messages = [{ role: "ROLE_ASSISTANT", content: [{ toolCall: { id: "c", name: "old tool" } }] }];
    const spec = { name: "old_tool", inputSchema: { json: { type: "object" } } };
    expect(configOf({ messages })).toEqual({ tools: [{ toolSpec: spec }] });
    expect(warningsOf(asks({ messages }))).toEqual([
      "SETTING_CHANGED messages[0].content[0].tool_call.name",
      "SETTING_CHANGED tools",
    ]);
  });

  test("a system tool goes by its name, another provider's not at all", () => {
    const provided = (id: string) => ({ tools: [{ providerTool: { id } }] });
    expect(configOf(provided("bedrock.nova_grounding"), models.nova)?.tools).toEqual([
      { systemTool: { name: "nova_grounding" } },
    ]);
    const attempt = attemptOf(asks(provided("anthropic.web_search_20250305")));
    expect(refusalOf(() => countedConverse.render(attempt))).toBe("CAPABILITY_UNSUPPORTED tools[0].provider_tool.id");
  });

  test("that calls come one at a time cannot be said", () => {
    const json = asks({ tools: [tool], toolChoice: { mode: "TOOL_MODE_AUTO", parallel: false } });
    expect(warningsOf(json)).toEqual(["SETTING_IGNORED tool_choice.parallel"]);
  });
});

describe("JSON for a schema", () => {
  const schema = { type: "object", properties: { a: { type: "string" } } };
  const responseFormat = { jsonSchema: { name: "n", description: "d", schemaJson: JSON.stringify(schema) } };

  test("is asked for by the API's own means where the model has them", () => {
    expect(bodyOf(asks({ responseFormat }), models.claude46)).toMatchObject({
      outputConfig: {
        textFormat: {
          type: "json_schema",
          structure: { jsonSchema: { schema: JSON.stringify(schema), name: "n", description: "d" } },
        },
      },
    });
  });

  test("is asked for by a tool otherwise, whose arguments are the answer", () => {
    const json = asks({ responseFormat });
    const { toolConfig, outputConfig } = bodyOf(json, models.claude37);
    expect(outputConfig).toBeUndefined();
    expect(toolConfig).toEqual({
      tools: [{ toolSpec: { name: "json_answer", description: "d", inputSchema: { json: schema } } }],
      toolChoice: { tool: { name: "json_answer" } },
    });
    const use = { toolUse: { toolUseId: "t", name: "json_answer", input: { a: "x" } } };
    const expected = { message: { content: [{ part: { case: "text", value: '{"a":"x"}' } }] }, finishReason: 1 };
    expect(answered(whole([use], { stopReason: "tool_use" }), json, models.claude37)).toMatchObject(expected);
    const events = [
      start(0, { toolUse: { toolUseId: "t", name: "json_answer" } }),
      delta(0, { toolUse: { input: '{"a":' } }),
      delta(0, { toolUse: { input: '"x"}' } }),
      stop(0),
      ...ending("tool_use"),
    ];
    expect(streamed(events, json, models.claude37)).toMatchObject(expected);
  });

  test("leaves the tools of the caller to choose from, and a demanded call alone", () => {
    const named = { function: { name: "json_answer" } };
    const free = bodyOf(asks({ responseFormat, tools: [named] }), models.nova).toolConfig;
    expect(free?.tools.map((each) => (each["toolSpec"] as { name: string }).name)).toEqual([
      "json_answer",
      "json_answer_",
    ]);
    expect(free?.toolChoice).toEqual({ any: {} });
    const demanded = asks({ responseFormat, tools: [named], toolChoice: { mode: "TOOL_MODE_REQUIRED" } });
    expect(bodyOf(demanded, models.nova).toolConfig?.tools).toHaveLength(1);
    expect(warningsOf(demanded, models.nova)).toEqual(["SETTING_IGNORED response_format.json_schema"]);
  });

  test("that is no object is refused where a tool has to say it", () => {
    const list = { jsonSchema: { schemaJson: '{"type":"array"}' } };
    const attempt = attemptOf(asks({ responseFormat: list }), models.claude37);
    expect(refusalOf(() => countedConverse.render(attempt))).toBe("CAPABILITY_UNSUPPORTED response_format.json_schema");
  });
});

describe("settings", () => {
  test("every model has some, each vendor has its own for the rest", () => {
    const json = asks({ maxOutputTokens: 9, temperature: 0.5, topK: 7, stopSequences: ["x"] });
    const inferenceConfig = { maxTokens: 9, temperature: 0.5, stopSequences: ["x"] };
    expect(bodyOf(json, models.claude37)).toMatchObject({
      inferenceConfig,
      additionalModelRequestFields: { top_k: 7 },
      additionalModelResponseFieldPaths: ["/stop_sequence"],
    });
    expect(bodyOf(json, models.nova)).toMatchObject({
      inferenceConfig,
      additionalModelRequestFields: { inferenceConfig: { topK: 7 } },
    });
    expect(warningsOf(json, models.gptOss)).toEqual(["SETTING_IGNORED top_k"]);
  });

  test("what the API has no place for is told, and a temperature above 1 lowered", () => {
    const json = asks({ temperature: 1.5, seed: 1, topLogprobs: 2, presencePenalty: 1, endUserId: "u" });
    expect(bodyOf(json).inferenceConfig).toEqual({ temperature: 1 });
    expect(warningsOf(json)).toEqual([
      "SETTING_IGNORED presence_penalty",
      "SETTING_IGNORED seed",
      "SETTING_IGNORED top_logprobs",
      "SETTING_CHANGED temperature",
      "SETTING_IGNORED end_user_id",
    ]);
  });

  test.each([
    [models.claude37, { budgetTokens: 2000 }, { thinking: { type: "enabled", budget_tokens: 2000 } }, undefined],
    [models.claude46, { effort: "high" }, { thinking: { type: "adaptive", display: "summarized" } }, "high"],
    [models.claude37, { effort: "none" }, { thinking: { type: "disabled" } }, undefined],
    [models.nova, { effort: "low" }, { reasoningConfig: { type: "enabled", maxReasoningEffort: "low" } }, undefined],
    [models.nova, { effort: "none" }, { reasoningConfig: { type: "disabled" } }, undefined],
    [models.gptOss, { effort: "medium" }, { reasoning_effort: "medium" }, undefined],
  ])("%s thinks by %j", (model, reasoning, more, effort) => {
    const body = bodyOf(asks({ reasoning }), model);
    expect(body.additionalModelRequestFields).toEqual(more);
    expect(body.outputConfig?.effort).toBe(effort);
    expect(body.inferenceConfig?.maxTokens).toBeUndefined();
  });

  test("an effort or a budget that the model has not is the nearest, and told", () => {
    const thinks = (reasoning: JsonObject, json: JsonObject = {}) => [
      bodyOf(asks({ reasoning, ...json }), models.nova).additionalModelRequestFields?.["reasoningConfig"],
      ...warningsOf(asks({ reasoning, ...json }), models.nova),
    ];
    const config = (maxReasoningEffort: string) => ({ type: "enabled", maxReasoningEffort });
    expect(thinks({ effort: "xhigh" })).toEqual([config("high"), "SETTING_CHANGED reasoning.effort"]);
    expect(thinks({ budgetTokens: 5000 })).toEqual([config("medium"), "SETTING_CHANGED reasoning.budget_tokens"]);
    expect(thinks({ effort: "high" }, { temperature: 0.2 })).toEqual([
      config("medium"),
      "SETTING_CHANGED reasoning.effort",
    ]);
    expect(warningsOf(asks({ reasoning: { effort: "low" } }))).toEqual(["SETTING_IGNORED reasoning"]);
  });
});
