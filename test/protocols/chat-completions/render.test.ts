import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { renderChat } from "../../../src/protocols/chat-completions/render.ts";
import { errorOf } from "../../support/dialect.ts";
import { attemptOf, recordings } from "./recording.ts";

function render(request: JsonObject, stream = false, provider = "openai") {
  const attempt = attemptOf({ model: `${provider}/gpt-x`, input: "hi", ...request }, stream, provider);
  const { path, body, warnings } = renderChat(attempt);
  // What goes over the wire, without undefined.
  const json: Record<string, JsonValue> = JSON.parse(JSON.stringify(body));
  return { path, body: json, warnings: warnings.map(({ code, field }) => `${code} ${field}`) };
}

/** Fields of a recorded request that mean the same when they are left out, or that a provider renames. */
function essence(body: JsonObject): JsonValue {
  const { n: _, stream_options: _options, max_completion_tokens, stream, messages, ...rest } = body;
  return {
    ...rest,
    ...(max_completion_tokens === undefined ? {} : { max_tokens: max_completion_tokens }),
    ...(stream === true ? { stream } : {}),
    messages: JSON.parse(JSON.stringify(messages).replaceAll('"role":"developer"', '"role":"system"'), (_, value) =>
      value === null ? undefined : value,
    ),
  };
}

describe("recorded requests", () => {
  it.each(recordings)("$name", ({ call, request }) => {
    const { body, warnings } = renderChat(attemptOf(call.request, call.stream));
    expect(essence(JSON.parse(JSON.stringify(body)))).toEqual(essence(request));
    expect(warnings).toEqual([]);
  });
});

describe("settings", () => {
  it("have their place in the body", () => {
    const { path, body, warnings } = render({
      maxOutputTokens: 10,
      temperature: 0,
      topP: 0.5,
      frequencyPenalty: 1,
      presencePenalty: -1,
      seed: 7,
      stopSequences: ["END"],
      topLogprobs: 2,
      reasoning: { effort: "low" },
      serviceTier: "flex",
      endUserId: "u-1",
      labels: { team: "a" },
    });
    expect(path).toBe("/chat/completions");
    expect(body).toEqual({
      model: "gpt-x",
      messages: [{ role: "user", content: "hi" }],
      max_tokens: 10,
      temperature: 0,
      top_p: 0.5,
      frequency_penalty: 1,
      presence_penalty: -1,
      seed: 7,
      stop: ["END"],
      logprobs: true,
      top_logprobs: 2,
      reasoning_effort: "low",
      service_tier: "flex",
      user: "u-1",
    });
    expect(warnings).toEqual([]);
  });

  it("ask a stream for its usage, whatever the options say", () => {
    const providerOptions = { openai: { stream_options: { include_usage: false, include_obfuscation: false } } };
    expect(render({}, true).body).toMatchObject({ stream: true, stream_options: { include_usage: true } });
    expect(render({ providerOptions }, true).body["stream_options"]).toEqual({
      include_usage: true,
      include_obfuscation: false,
    });
  });

  it("without a place give a warning", () => {
    const { warnings } = render({
      topK: 4,
      reasoning: { budgetTokens: 9 },
      toolChoice: { mode: "TOOL_MODE_REQUIRED" },
    });
    expect(warnings.sort()).toEqual([
      "SETTING_IGNORED reasoning.budget_tokens",
      "SETTING_IGNORED tool_choice",
      "SETTING_IGNORED top_k",
    ]);
  });

  it("of the provider win over the family's and over what is rendered", () => {
    const providerOptions = { openai: { user: "a", store: true }, groq: { user: "b", max_tokens: 5 }, other: { x: 1 } };
    const { body } = render({ providerOptions, maxOutputTokens: 9 }, false, "groq");
    expect(body).toMatchObject({ user: "b", store: true, max_tokens: 5 });
    expect(body).not.toHaveProperty("x");
  });

  it("of the provider are sent whatever their names are", () => {
    const providerOptions = { openai: JSON.parse('{"__proto__":{"max_tokens":5}}') };
    const attempt = attemptOf({ model: "openai/gpt-x", input: "hi", providerOptions }, false);
    const { body } = renderChat(attempt);
    expect(JSON.stringify(body)).toContain('"__proto__":{"max_tokens":5}');
    expect(body.max_tokens).toBeUndefined();
  });

  it.each(["model", "models", "route", "messages", "stream", "n"])("of the provider cannot change %s", (field) => {
    const error = errorOf(() => render({ providerOptions: { openai: { [field]: "gpt-dear" } } }));
    expect([error.reason, error.info["field"]]).toEqual(["INVALID_REQUEST", `provider_options.${field}`]);
  });
});

describe("tools and formats", () => {
  const tool = (rest: JsonObject) => ({ tools: [{ function: { name: "f", ...rest } }] });

  it("sort the keys of an object and keep those of a text", () => {
    const schema = { type: "object", properties: { b: { type: "string" }, a: [{ z: 1, y: 2 }] } };
    const sorted = '{"properties":{"a":[{"y":2,"z":1}],"b":{"type":"string"}},"type":"object"}';
    const of = ({ body }: ReturnType<typeof render>) => JSON.stringify(body["tools"]);
    expect(of(render(tool({ parameters: schema })))).toContain(`"parameters":${sorted}`);
    const parametersJson = JSON.stringify(schema);
    expect(of(render(tool({ parametersJson })))).toContain(`"parameters":${parametersJson}`);
  });

  it("say that parameters are an object, and keep numbers as they are written", () => {
    const parametersOf = (rest: JsonObject) => {
      const { body } = renderChat(attemptOf({ model: "openai/gpt-x", input: "hi", ...tool(rest) }, false));
      return /"parameters":(.*)\}\}\]/.exec(JSON.stringify(body))?.[1];
    };
    expect(parametersOf({ parameters: {} })).toBe('{"type":"object","properties":{}}');
    expect(parametersOf({ parametersJson: '{"$defs":{}}' })).toBe('{"$defs":{},"type":"object","properties":{}}');
    const exact = '{"properties":{"n":{"maximum":9223372036854775807,"multipleOf":1.0}},"type":"object"}';
    expect(parametersOf({ parametersJson: exact })).toBe(exact);
  });

  it("say that a function takes no arguments", () => {
    expect(render(tool({ description: "d", strict: true })).body["tools"]).toEqual([
      {
        type: "function",
        function: {
          name: "f",
          description: "d",
          parameters: { type: "object", properties: {}, additionalProperties: false },
          strict: true,
        },
      },
    ]);
  });

  it.each([
    [{ mode: "TOOL_MODE_AUTO" }, "auto"],
    [{ mode: "TOOL_MODE_NONE" }, "none"],
    [{ mode: "TOOL_MODE_REQUIRED" }, "required"],
    [{ toolName: "f" }, { type: "function", function: { name: "f" } }],
  ])("choose %j", (toolChoice, tool_choice) => {
    const { body } = render({ ...tool({}), toolChoice: { ...toolChoice, parallel: false } });
    expect(body).toMatchObject({ tool_choice, parallel_tool_calls: false });
  });

  it("pass a tool of the provider itself, and refuse another's", () => {
    const tools = (id: string) => ({ tools: [{ providerTool: { id, config: { depth: 2 } } }] });
    expect(render(tools("groq.browser_search"), false, "groq").body["tools"]).toEqual([
      { type: "browser_search", depth: 2 },
    ]);
    const error = errorOf(() => render(tools("anthropic.bash_20250124")));
    expect([error.reason, error.info]).toMatchObject([
      "CAPABILITY_UNSUPPORTED",
      { field: "tools[0].provider_tool.id" },
    ]);
  });

  it.each<[string, JsonObject]>([
    ["tools[0].function.parameters_json", tool({ parametersJson: "{" })],
    ["tools[0].function.parameters_json", tool({ parametersJson: "[]" })],
    ["response_format.json_schema.schema_json", { responseFormat: { jsonSchema: { schemaJson: "nope" } } }],
  ])("name the field %s when it is no JSON object", (field, request) => {
    const error = errorOf(() => render(request));
    expect([error.reason, error.info["field"]]).toEqual(["INVALID_REQUEST", field]);
  });

  it("render the form of the answer", () => {
    const format = (responseFormat: JsonObject) => render({ responseFormat }).body["response_format"];
    expect(format({ text: {} })).toBeUndefined();
    expect(format({ jsonObject: {} })).toEqual({ type: "json_object" });
    expect(format({ jsonSchema: { schema: { type: "object" }, description: "d" } })).toEqual({
      type: "json_schema",
      json_schema: { name: "response", description: "d", schema: { type: "object" } },
    });
  });
});
