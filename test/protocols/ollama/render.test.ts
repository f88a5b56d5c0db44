import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { ollama } from "../../../src/protocols/ollama/protocol.ts";
import { type Aim, completionOf, errorOf, warningsOf } from "../../support/dialect.ts";

const aim: Aim = { provider: "ollama", model: "llama3" };
const bodyOf = (json: JsonObject, more: Aim = {}) =>
  JSON.parse(JSON.stringify(ollama.render(completionOf(json, { ...aim, ...more })).body));
const losses = (json: JsonObject, more: Aim = {}) => warningsOf(ollama, json, { ...aim, ...more });
const refusal = (json: JsonObject) => errorOf(() => ollama.render(completionOf(json, aim)));
const png = "iVBORw0KGgo=";

test("the smallest request", () => {
  expect(ollama.render(completionOf({ input: "hi" }, aim))).toMatchObject({ path: "/api/chat", warnings: [] });
  expect(bodyOf({ input: "hi" })).toEqual({
    model: "llama3",
    messages: [{ role: "user", content: "hi" }],
    stream: false,
    truncate: false,
    shift: false,
    options: {},
  });
  expect(bodyOf({ input: "hi" }, { stream: true })["stream"]).toBe(true);
});

test("settings of the model, and those of provider_options beside them", () => {
  const json = {
    input: "hi",
    maxOutputTokens: 9,
    temperature: 0.5,
    topP: 0.9,
    topK: 40,
    frequencyPenalty: 0.1,
    presencePenalty: 0.2,
    seed: 7,
    stopSequences: ["a", "b"],
    topLogprobs: 3,
    providerOptions: { ollama: { keep_alive: "10m", options: { num_ctx: 8192, top_k: 5 } }, other: { x: 1 } },
  };
  expect(bodyOf(json)).toMatchObject({
    keep_alive: "10m",
    logprobs: true,
    top_logprobs: 3,
    options: {
      num_predict: 9,
      temperature: 0.5,
      top_p: 0.9,
      top_k: 5,
      frequency_penalty: 0.1,
      presence_penalty: 0.2,
      seed: 7,
      stop: ["a", "b"],
      num_ctx: 8192,
    },
  });
  expect(losses(json)).toEqual([]);
  expect(bodyOf({ input: "hi", topLogprobs: 0 })).not.toHaveProperty("top_logprobs");
});

test.each(["model", "messages", "stream"])("a caller cannot set %s", (name) => {
  expect(refusal({ input: "hi", providerOptions: { ollama: { [name]: "x" } } }).reason).toBe("INVALID_REQUEST");
});

test("a conversation with everything in it", () => {
  const json = {
    system: "be brief",
    messages: [
      {
        content: [
          { text: "look" },
          { media: { data: png } },
          { media: { uri: "data:text/plain,caf%C3%A9", filename: "a.txt" } },
          { document: { text: "body", title: "Title", uri: "https://a.example/b" } },
        ],
      },
      {
        role: "ROLE_ASSISTANT",
        content: [
          { reasoning: { text: "hm" }, signature: { provider: "ollama" } },
          { text: "calling" },
          { toolCall: { id: "c1", name: "f", argumentsJson: '{"n":1.0,"big":12345678901234567890}' } },
          { toolCall: { id: "c2", name: "g" } },
        ],
      },
      {
        role: "ROLE_TOOL",
        content: [
          { toolResult: { toolCallId: "c1", content: [{ json: '{"a":1}' }, { text: "b" }] } },
          { toolResult: { toolCallId: "c2", toolName: "other", content: [{ media: { data: png } }] } },
        ],
      },
    ],
  };
  const sent = ollama.render(completionOf(json, aim)).body.messages;
  expect(sent).toMatchObject([
    { role: "system", content: "be brief" },
    {
      role: "user",
      content: "look\n\na.txt\n\ncafé\n\nTitle\nSource: https://a.example/b\n\nbody",
      images: [png],
    },
    { role: "assistant", content: "calling", thinking: "hm" },
    { role: "tool", content: '{"a":1}\n\nb', tool_name: "f", tool_call_id: "c1" },
    { role: "tool", content: "", images: [png], tool_name: "other", tool_call_id: "c2" },
  ]);
  expect(JSON.stringify(sent[2]?.tool_calls)).toBe(
    '[{"id":"c1","function":{"index":0,"name":"f","arguments":{"n":1.0,"big":12345678901234567890}}},' +
      '{"id":"c2","function":{"index":1,"name":"g","arguments":{}}}]',
  );
  expect(losses(json)).toEqual([]);
});

test("what is lost is told", () => {
  const json = {
    input: "hi",
    endUserId: "u",
    serviceTier: "flex",
    messages: [
      { text: "a", name: "ann" },
      {
        role: "ROLE_ASSISTANT",
        content: [
          { reasoning: { text: "hm" } },
          { reasoning: { text: "hm" }, signature: { provider: "anthropic", value: "s" } },
          { text: "b", citations: [{ uri: "https://a.example" }], signature: { provider: "x" } },
          { toolCall: { id: "c", name: "f", argumentsJson: '{"cut' } },
          { toolCall: { id: "d", name: "s", providerExecuted: true } },
          { providerPart: { provider: "x", kind: "k", json: "{}" } },
        ],
      },
      { role: "ROLE_TOOL", content: [{ toolResult: { toolCallId: "c", isError: true } }] },
      { content: [{ document: { text: "d", citable: true } }, { text: "c", providerOptions: { ollama: { a: 1 } } }] },
    ],
  };
  expect(losses(json)).toEqual([
    "SETTING_IGNORED messages[0].name",
    "PART_DROPPED messages[1].content[0]",
    "PART_DROPPED messages[1].content[2].citations",
    "SIGNATURE_DROPPED messages[1].content[2].signature",
    "SETTING_CHANGED messages[1].content[3].tool_call.arguments_json",
    "PART_DROPPED messages[1].content[4]",
    "PART_DROPPED messages[1].content[5]",
    "SETTING_IGNORED messages[2].content[0].tool_result.is_error",
    "SETTING_IGNORED messages[3].content[0].document.citable",
    "SETTING_IGNORED messages[3].content[1].provider_options",
    "SETTING_IGNORED service_tier",
    "SETTING_IGNORED end_user_id",
  ]);
});

describe("media", () => {
  const user = (media: JsonObject) => ({ messages: [{ content: [{ media }] }] });

  test("given by address must be fetched first", () => {
    const attempt = completionOf(user({ uri: "https://a.example/b.png" }), aim);
    const part = attempt.call.request.messages[0]?.content[0]?.part;
    expect(part?.case === "media" && ollama.fetches?.(part.value, attempt)).toBe(true);
    expect(refusal(user({ uri: "https://a.example/b.png" })).reason).toBe("CAPABILITY_UNSUPPORTED");
    expect(refusal(user({ uri: "http://10.0.0.1/b.png" })).reason).toBe("INVALID_REQUEST");
  });

  test.each([
    [{ data: "JVBERi0=" }],
    [{ data: "AAAA", mimeType: "video/mp4" }],
    [{ data: "AAAA" }],
    [{ providerFile: { provider: "ollama", fileId: "f" }, mimeType: "image/png" }],
  ])("%j is refused", (media) => {
    expect(refusal(user(media)).info).toMatchObject({ model: "ollama/llama3" });
  });

  test("has no place in a system message", () => {
    const message = { role: "ROLE_SYSTEM", content: [{ media: { data: png } }] };
    expect(refusal({ messages: [message], input: "hi" }).info["capability"]).toBe("system_media");
  });
});

describe("tools", () => {
  const tool = { function: { name: "f", description: "d", parametersJson: '{"type":"object","required":[]}' } };
  const named = { input: "hi", tools: [tool] };

  test("are functions", () => {
    expect(bodyOf({ input: "hi", tools: [tool, { function: { name: "g" } }] })["tools"]).toEqual([
      {
        type: "function",
        function: { name: "f", description: "d", parameters: { type: "object", properties: {}, required: [] } },
      },
      { type: "function", function: { name: "g", parameters: { type: "object", properties: {} } } },
    ]);
    expect(losses({ input: "hi", tools: [{ function: { name: "g", strict: true } }] })).toEqual([
      "SETTING_IGNORED tools[0].function.strict",
    ]);
    expect(refusal({ input: "hi", tools: [{ providerTool: { id: "ollama.web" } }] }).info["capability"]).toBe(
      "provider_tool",
    );
  });

  test("are not offered where none is to be called", () => {
    expect(bodyOf({ ...named, toolChoice: { mode: "TOOL_MODE_NONE" } })).not.toHaveProperty("tools");
    expect(losses({ ...named, toolChoice: { mode: "TOOL_MODE_NONE" } })).toEqual(["SETTING_CHANGED tools"]);
  });

  test("cannot be demanded, nor limited in number", () => {
    expect(refusal({ ...named, toolChoice: { mode: "TOOL_MODE_REQUIRED" } }).reason).toBe("CAPABILITY_UNSUPPORTED");
    expect(refusal({ ...named, toolChoice: { toolName: "f" } }).reason).toBe("CAPABILITY_UNSUPPORTED");
    expect(losses({ ...named, toolChoice: { mode: "TOOL_MODE_AUTO", parallel: false } })).toEqual([
      "SETTING_IGNORED tool_choice.parallel",
    ]);
  });
});

test("the form of the answer", () => {
  expect(bodyOf({ input: "hi", responseFormat: { jsonObject: {} } })["format"]).toBe("json");
  const schema = { name: "n", schemaJson: '{"type":"object","properties":{"b":{},"a":{}}}', strict: false };
  const json = { input: "hi", responseFormat: { jsonSchema: schema } };
  expect(JSON.stringify(bodyOf(json)["format"])).toBe(schema.schemaJson);
  expect(losses(json)).toEqual([
    "SETTING_IGNORED response_format.json_schema",
    "SETTING_CHANGED response_format.json_schema.strict",
  ]);
});

test.each<[JsonObject, unknown, string[]]>([
  [{}, undefined, []],
  [{ effort: "none" }, false, []],
  [{ budgetTokens: 0 }, false, []],
  [{ effort: "low" }, "low", []],
  [{ effort: "high" }, "high", []],
  [{ effort: "minimal" }, "low", ["SETTING_CHANGED reasoning.effort"]],
  [{ effort: "max" }, "high", ["SETTING_CHANGED reasoning.effort"]],
  [{ budgetTokens: 99 }, true, ["SETTING_IGNORED reasoning.budget_tokens"]],
])("reasoning %j is think %j", (reasoning, think, told) => {
  expect(bodyOf({ input: "hi", reasoning })["think"]).toBe(think);
  expect(losses({ input: "hi", reasoning })).toEqual(told);
});

test("a model that is known not to reason is not asked to", () => {
  const facts = { features: new Set(["tools"]) };
  expect(bodyOf({ input: "hi", reasoning: { effort: "high" } }, { facts })).not.toHaveProperty("think");
  expect(losses({ input: "hi", reasoning: { effort: "high" } }, { facts })).toEqual(["SETTING_IGNORED reasoning"]);
});
