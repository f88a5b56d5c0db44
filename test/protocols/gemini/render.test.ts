import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { gemini } from "../../../src/protocols/gemini/protocol.ts";
import { completionOf, errorOf, warningsOf } from "../../support/dialect.ts";
import { bodyOf, hi } from "./rendered.ts";

const warned = (json: JsonObject, model = "gemini-2.5-flash") =>
  warningsOf(gemini, json, { provider: "gemini", model });
const config = (json: JsonObject, model = "gemini-2.5-flash") => bodyOf({ ...hi, ...json }, { model }).generationConfig;

describe("the path", () => {
  const pathOf = (model: string, stream = false) => gemini.render(completionOf(hi, { model, stream })).path;

  test("names the model and the operation", () => {
    expect(pathOf("gemini-2.5-flash")).toBe("/models/gemini-2.5-flash:generateContent");
    expect(pathOf("gemini-2.5-flash", true)).toBe("/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
  });

  test("cannot be led elsewhere by a model's name", () => {
    expect(pathOf("../../x")).toBe("/models/..%2F..%2Fx:generateContent");
    expect(pathOf("claude@1:2")).toBe("/models/claude@1:2:generateContent");
  });
});

describe("settings", () => {
  test("of sampling have a place each", () => {
    const json = {
      temperature: 0.5,
      topP: 0.9,
      topK: 4,
      maxOutputTokens: 9,
      stopSequences: ["x"],
      seed: 7,
      presencePenalty: 1,
      frequencyPenalty: -1,
      topLogprobs: 3,
    };
    const { topLogprobs, ...same } = json;
    expect(config(json)).toEqual({ ...same, responseLogprobs: true, logprobs: 3 });
    expect(config({ topLogprobs: 0 })).toEqual({ responseLogprobs: true });
    expect(warned({ ...hi, ...json })).toEqual([]);
  });

  test("stay within the limits of API and model", () => {
    const json = { ...hi, stopSequences: ["1", "2", "3", "4", "5", "6"], maxOutputTokens: 100 };
    const aim = { provider: "gemini", facts: { maxOutputTokens: 50 } };
    expect(bodyOf(json, aim).generationConfig).toEqual({
      stopSequences: ["1", "2", "3", "4", "5"],
      maxOutputTokens: 50,
    });
    expect(warningsOf(gemini, json, aim)).toEqual([
      "SETTING_CHANGED max_output_tokens",
      "SETTING_CHANGED stop_sequences",
    ]);
  });

  test("service tier and end user", () => {
    expect(bodyOf({ ...hi, serviceTier: "default" }).serviceTier).toBe("standard");
    expect(bodyOf({ ...hi, serviceTier: "flex" }).serviceTier).toBe("flex");
    expect(warned({ ...hi, serviceTier: "gold", endUserId: "u" })).toEqual([
      "SETTING_IGNORED service_tier",
      "SETTING_IGNORED end_user_id",
    ]);
  });
});

describe("the form of the answer", () => {
  const schema = '{"type":"object","properties":{"pattern":{"type":"number"}}}';

  test("is JSON of any kind, or after a schema with its name and description", () => {
    expect(config({ responseFormat: { jsonObject: {} } })).toEqual({ responseMimeType: "application/json" });
    const json = { responseFormat: { jsonSchema: { name: "n", description: "d", schemaJson: schema } } };
    expect(config(json)).toEqual({
      responseMimeType: "application/json",
      responseJsonSchema: { title: "n", description: "d", ...JSON.parse(schema) },
    });
    expect(warned({ ...hi, ...json })).toEqual([]);
  });

  test("warns of what the provider does not enforce", () => {
    const strict = { type: "object", properties: { a: { type: "string", pattern: "x", default: "y" } }, not: {} };
    const json = { responseFormat: { jsonSchema: { schemaJson: JSON.stringify(strict), strict: false } }, ...hi };
    const { warnings } = gemini.render(completionOf(json));
    expect(warnings.map(({ field, message }) => `${field}: ${message}`)).toEqual([
      "response_format.json_schema.strict: a schema is always kept strictly",
      "response_format.json_schema: the provider does not enforce not, pattern",
    ]);
  });
});

describe("tools", () => {
  const f = { function: { name: "f", description: "does", parametersJson: '{"properties":{"b":{},"a":{}}}' } };
  const g = { function: { name: "g" } };
  const choice = (toolChoice: JsonObject, tools = [f]) =>
    bodyOf({ ...hi, tools, toolChoice }).toolConfig?.functionCallingConfig;

  test("are declared with their JSON Schema, beside those of the provider", () => {
    const json = { ...hi, tools: [f, g, { providerTool: { id: "google.google_search", config: { x: 1 } } }] };
    expect(bodyOf(json).tools).toEqual([
      {
        functionDeclarations: [
          { name: "f", description: "does", parametersJsonSchema: { type: "object", properties: { b: {}, a: {} } } },
          { name: "g" },
        ],
      },
      { googleSearch: { x: 1 } },
    ]);
    expect(bodyOf(json).toolConfig).toBeUndefined();
  });

  test("of other providers are refused", () => {
    const json = { ...hi, tools: [{ providerTool: { id: "anthropic.web_search_20250305" } }] };
    expect(errorOf(() => bodyOf(json)).info).toMatchObject({ field: "tools[0].provider_tool.id" });
  });

  test("are chosen", () => {
    expect(choice({ mode: "TOOL_MODE_AUTO" })).toEqual({ mode: "AUTO" });
    expect(choice({ mode: "TOOL_MODE_NONE" })).toEqual({ mode: "NONE" });
    expect(choice({ mode: "TOOL_MODE_REQUIRED" })).toEqual({ mode: "ANY" });
    expect(choice({ toolName: "f" })).toEqual({ mode: "ANY", allowedFunctionNames: ["f"] });
    expect(choice({ mode: "TOOL_MODE_AUTO" }, [{ function: { ...f.function, strict: true } } as typeof f])).toEqual({
      mode: "VALIDATED",
    });
  });

  test("that cannot be chosen", () => {
    const search = { providerTool: { id: "google.googleSearch" } };
    const named = { ...hi, tools: [f, search], toolChoice: { toolName: "googleSearch" } };
    expect(errorOf(() => bodyOf(named)).reason).toBe("CAPABILITY_UNSUPPORTED");
    const json = { ...hi, tools: [search], toolChoice: { mode: "TOOL_MODE_REQUIRED", parallel: false } };
    expect(warned(json)).toEqual(["SETTING_IGNORED tool_choice.parallel", "SETTING_IGNORED tool_choice"]);
    expect(bodyOf(json).toolConfig).toBeUndefined();
  });
});

describe("provider options", () => {
  const withOptions = (google: JsonObject, more: JsonObject = {}) =>
    bodyOf({ ...hi, ...more, providerOptions: { google } });

  test("are laid over the body, and over two of its objects member by member", () => {
    const body = withOptions(
      { cached_content: "cachedContents/1", generation_config: { response_modalities: ["TEXT"], temperature: 1 } },
      { temperature: 0, topK: 2 },
    );
    expect(body).toEqual({
      contents: [{ role: "user", parts: [{ text: "hi" }] }],
      cachedContent: "cachedContents/1",
      generationConfig: { temperature: 1, topK: 2, responseModalities: ["TEXT"] },
    });
    expect(withOptions({ toolConfig: { retrievalConfig: {} } })).toMatchObject({ toolConfig: { retrievalConfig: {} } });
  });

  test.each([
    [{ model: "x" }, "model"],
    [{ contents: [] }, "contents"],
    [{ generationConfig: { candidateCount: 2 } }, "generationConfig.candidateCount"],
    [{ generation_config: { max_output_tokens: 2 } }, "generationConfig.maxOutputTokens"],
    [{ generationConfig: { routing_config: {} } }, "generationConfig.routingConfig"],
  ])("do not set what the gateway sets: %j", (options, field) => {
    expect(errorOf(() => withOptions(options)).info).toEqual({ field: `provider_options.${field}` });
  });
});

test("counting sends the same prompt without the settings of the answer", () => {
  const attempt = completionOf({ ...hi, system: "s", temperature: 1 }, { model: "gemini-2.5-flash" });
  const { path, body } = gemini.count.render(attempt);
  expect(path).toBe("/models/gemini-2.5-flash:countTokens");
  expect(body).toEqual({
    generateContentRequest: {
      model: "models/gemini-2.5-flash",
      contents: [{ role: "user", parts: [{ text: "hi" }] }],
      systemInstruction: { parts: [{ text: "s" }] },
    },
  });
  expect(gemini.count.read('{"totalTokens": 7, "cachedContentTokenCount": 3}')).toMatchObject({
    inputTokens: 7,
    cacheReadTokens: 3,
  });
  expect(errorOf(() => gemini.count.read("{}")).info).toEqual({ cause: "bad_count" });
});
