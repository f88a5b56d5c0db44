import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { catalogOf } from "../../../src/catalog/catalog.ts";
import { renderOpenAi } from "../../../src/providers/openai/render.ts";
import { attemptOf } from "../../protocols/chat-completions/recording.ts";

/** The body for a model with the facts of the shipped table, if it is there. */
function render(request: JsonObject, model = "gpt-x") {
  const attempt = attemptOf({ model: `openai/${model}`, input: "hi", ...request }, false);
  const facts = catalogOf("openai").get(model) ?? attempt.target.facts;
  const { body, warnings } = renderOpenAi({ ...attempt, target: { ...attempt.target, facts } });
  const json: Record<string, JsonValue> = JSON.parse(JSON.stringify(body));
  return { body: json, warnings: warnings.map(({ code, field }) => `${code} ${field}`) };
}

it("calls the bound of the output max_completion_tokens", () => {
  const { body } = render({ maxOutputTokens: 9 });
  expect(body).toMatchObject({ max_completion_tokens: 9 });
  expect(body).not.toHaveProperty("max_tokens");
});

describe("limits", () => {
  it("of ids are kept by hashing call and result alike", () => {
    const id = `chatcmpl-tool-${"0".repeat(32)}`;
    const { body, warnings } = render({
      messages: [
        {
          role: "ROLE_ASSISTANT",
          content: [{ toolCall: { id, name: "f" } }, { toolCall: { id: "short", name: "f" } }],
        },
        { role: "ROLE_TOOL", content: [{ toolResult: { toolCallId: id } }, { toolResult: { toolCallId: "short" } }] },
      ],
    });
    const hashed = expect.stringMatching(/^call_[0-9a-f]{32}$/);
    expect(body["messages"]).toMatchObject([
      { tool_calls: [{ id: hashed }, { id: "short" }] },
      { tool_call_id: hashed },
      { tool_call_id: "short" },
      {},
    ]);
    const [said, returned] = JSON.parse(JSON.stringify(body["messages"]));
    expect(returned.tool_call_id).toBe(said.tool_calls[0].id);
    expect(warnings).toEqual([]);
  });

  it("of stop sequences and names are kept, with a warning", () => {
    const { body, warnings } = render({
      messages: [
        { text: "hi", name: "Ada Lovelace" },
        { role: "ROLE_ASSISTANT", content: [{ toolCall: { id: "a", name: `functions.${"f".repeat(70)}` } }] },
        { role: "ROLE_TOOL", content: [{ toolResult: { toolCallId: "a" } }] },
      ],
      stopSequences: ["a", "b", "c", "d", "e"],
      responseFormat: { jsonSchema: { name: "My Schema!", schema: { type: "object" } } },
    });
    expect(body).toMatchObject({
      messages: [
        { name: "Ada_Lovelace" },
        { tool_calls: [{ function: { name: `functions_${"f".repeat(54)}` } }] },
        { role: "tool" },
        { role: "user" },
      ],
      stop: ["a", "b", "c", "d"],
      response_format: { json_schema: { name: "My_Schema_" } },
    });
    expect(warnings).toEqual([
      "SETTING_CHANGED messages[0].name",
      "SETTING_CHANGED messages[1].content[0].tool_call.name",
      "SETTING_CHANGED response_format.json_schema.name",
      "SETTING_CHANGED stop_sequences",
    ]);
  });

  it("leave alone what is within them", () => {
    const { body, warnings } = render({ messages: [{ text: "hi", name: "ann" }], stopSequences: ["a", "b", "c", "d"] });
    expect(body).toMatchObject({ messages: [{ name: "ann" }, {}], stop: ["a", "b", "c", "d"] });
    expect(warnings).toEqual([]);
  });
});

describe("sampling and reasoning", () => {
  it.each([
    ["gpt-5-mini", undefined],
    ["o3", undefined],
    ["o4-mini", undefined],
    ["o1", ["a"]],
    ["o3-mini", ["a"]],
    ["gpt-4o", ["a"]],
    ["gpt-x", ["a"]],
  ])("of %s: stop sequences go out as %j", (model, stop) => {
    const { body, warnings } = render({ stopSequences: ["a"], reasoning: { effort: "" } }, model);
    expect(body["stop"]).toEqual(stop);
    expect(warnings).toEqual(stop === undefined ? ["SETTING_IGNORED stop_sequences"] : []);
  });

  it("of models that call one tool at a time leaves unsaid how many", () => {
    const asked = (parallel: boolean) => ({
      tools: [{ function: { name: "f" } }],
      toolChoice: { toolName: "f", parallel },
    });
    const one = render(asked(false), "o4-mini");
    expect(one.body).not.toHaveProperty("parallel_tool_calls");
    expect(one.body).toHaveProperty("tool_choice.function.name", "f");
    expect(one.warnings).toEqual([]);
    expect(render(asked(true), "o4-mini").warnings).toEqual(["SETTING_IGNORED tool_choice.parallel"]);
    expect(render(asked(false), "gpt-5-mini").body).toMatchObject({ parallel_tool_calls: false });
    expect(render(asked(false), "gpt-4o").body).toMatchObject({ parallel_tool_calls: false });
  });

  const sampling = { temperature: 0.2, topP: 0.5, frequencyPenalty: 1, presencePenalty: 1, topLogprobs: 2 };

  it("exclude each other", () => {
    const { body, warnings } = render({ ...sampling, reasoning: { effort: "low" }, seed: 1 }, "gpt-5-mini");
    expect(Object.keys(body).sort()).toEqual(["messages", "model", "reasoning_effort", "seed"]);
    const ignored = ["temperature", "top_p", "frequency_penalty", "presence_penalty", "top_logprobs"];
    expect(warnings).toEqual(ignored.map((field) => `SETTING_IGNORED ${field}`));
  });

  it("do not where the model is told not to reason, cannot, or is not known", () => {
    for (const [model, reasoning] of [
      ["gpt-5-mini", { effort: "none" }],
      ["gpt-4o", {}],
      ["gpt-x", {}],
    ] as const) {
      const { body, warnings } = render({ ...sampling, reasoning }, model);
      expect(body).toMatchObject({ temperature: 0.2, top_p: 0.5, presence_penalty: 1, top_logprobs: 2 });
      expect(warnings).toEqual([]);
    }
  });

  it("effort is ignored at a model that cannot reason, with a warning, and sent to one that is not known", () => {
    const { body, warnings } = render({ reasoning: { effort: "low" } }, "gpt-4o");
    expect(body).not.toHaveProperty("reasoning_effort");
    expect(warnings).toEqual(["SETTING_IGNORED reasoning.effort"]);
    expect(render({ reasoning: { effort: "low" } }).body).toMatchObject({ reasoning_effort: "low" });
  });
});
