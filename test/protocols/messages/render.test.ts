import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { objectOf } from "../../../src/protocols/field.ts";
import { messages } from "../../../src/protocols/messages/protocol.ts";
import { attemptOf, cases, knownFacts, requestOf } from "./cases.ts";
import { bodyOf, functions, hi, refusalOf, render, warningsOf } from "./rendered.ts";

const adaptive = knownFacts({ features: new Set(["adaptive_reasoning"]), maxOutputTokens: 64_000 });
const seconds = (ttl: number) => ({ cacheHint: { ttl: `${ttl}s` } });

describe("recorded requests", () => {
  const recorded = cases.flatMap((one) => (one.request === undefined ? [] : [{ ...one, request: one.request }]));

  test.each(recorded)("$name", ({ call, stream, request }) => {
    const { path, headers, body, warnings } = render(call, knownFacts(), stream);
    expect(JSON.parse(JSON.stringify(body))).toEqual(plain(request));
    expect({ path, headers, warnings }).toEqual({
      path: "/messages",
      headers: { "anthropic-version": "2023-06-01" },
      warnings: [],
    });
  });

  /** The same request without the shorthands of the API. */
  function plain({ stream, messages: list, ...rest }: JsonObject): JsonObject {
    const long = (Array.isArray(list) ? list : []).map((message) => {
      const { role = "", content = "" } = objectOf(message) ?? {};
      return { role, content: typeof content === "string" ? [{ type: "text", text: content }] : content };
    });
    return { ...rest, messages: long, ...(stream === true ? { stream } : {}) };
  }
});

describe("messages", () => {
  test("alternate, with tool results first", () => {
    const result = (id: string) => ({ role: "ROLE_TOOL", content: [{ toolResult: { toolCallId: id } }] });
    const { messages: sent } = bodyOf({
      messages: [
        { text: "a" },
        { text: "b" },
        {
          role: "ROLE_ASSISTANT",
          content: [{ toolCall: { id: "x:1", name: "f" } }, { toolCall: { id: "y", name: "g" } }],
        },
        { text: "by the way" },
        result("x:1"),
        result("y"),
      ],
    });
    expect(sent).toEqual([
      {
        role: "user",
        content: [
          { type: "text", text: "a" },
          { type: "text", text: "b" },
        ],
      },
      {
        role: "assistant",
        content: [
          { type: "tool_use", id: "x_1_0b788078", name: "f", input: {} },
          { type: "tool_use", id: "y", name: "g", input: {} },
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "x_1_0b788078" },
          { type: "tool_result", tool_use_id: "y" },
          { type: "text", text: "by the way" },
        ],
      },
    ]);
  });

  test("have results first, too, where a message between them is left out", () => {
    const { messages: sent } = bodyOf({
      messages: [
        { role: "ROLE_ASSISTANT", content: [{ toolCall: { id: "t", name: "f" } }] },
        { text: "wait" },
        { role: "ROLE_ASSISTANT", content: [{ reasoning: { text: "unsigned" } }] },
        { role: "ROLE_TOOL", content: [{ toolResult: { toolCallId: "t" } }] },
      ],
    });
    expect(sent[1]?.content.map(({ type }) => type)).toEqual(["tool_result", "text"]);
  });

  test("of which nothing is left make no gap, and none at all is refused", () => {
    const { messages: sent } = bodyOf({
      messages: [{ text: "a" }, { role: "ROLE_ASSISTANT", content: [{ text: "" }] }, { text: "b" }],
    });
    expect(sent).toHaveLength(1);
    expect(refusalOf({ messages: [{ role: "ROLE_SYSTEM", text: "be kind" }] })).toMatchObject({
      reason: "INVALID_REQUEST",
    });
  });

  test("of the system go to the front, with a warning from the middle", () => {
    const request = { system: "one", messages: [{ role: "ROLE_SYSTEM", text: "two" }, { text: "hi" }] };
    expect(bodyOf(request).system).toEqual([
      { type: "text", text: "one" },
      { type: "text", text: "two" },
    ]);
    expect(warningsOf(request)).toEqual([]);
    const late = { messages: [{ text: "hi" }, { role: "ROLE_SYSTEM", text: "late" }] };
    expect(bodyOf(late).system).toBe("late");
    expect(warningsOf(late)).toEqual(["SETTING_CHANGED messages[1]"]);
  });

  test("with names lose them with a warning", () => {
    expect(warningsOf({ messages: [{ text: "hi", name: "Ann" }] })).toEqual(["SETTING_IGNORED messages[0].name"]);
  });
});

describe("cache hints", () => {
  test("become breakpoints on tools, system and blocks", () => {
    const body = bodyOf({
      tools: [{ function: { name: "f" }, ...seconds(3600) }],
      messages: [
        { role: "ROLE_SYSTEM", content: [{ text: "s", ...seconds(300) }] },
        { content: [{ text: "x", cacheHint: {} }] },
      ],
    });
    expect(body.tools?.[0]?.cache_control).toEqual({ type: "ephemeral", ttl: "1h" });
    expect(body.system).toEqual([{ type: "text", text: "s", cache_control: { type: "ephemeral", ttl: "5m" } }]);
    expect(body.messages[0]?.content[0]?.cache_control).toEqual({ type: "ephemeral" });
  });

  test("above four lose the first, and a long one behind a short one becomes short", () => {
    const content = [3600, 3600, 300, 3600, 300].map((ttl, at) => ({ text: `${at}`, ...seconds(ttl) }));
    const request = { messages: [{ content }] };
    expect(bodyOf(request).messages[0]?.content.map((block) => block.cache_control?.ttl)).toEqual([
      undefined,
      "1h",
      "5m",
      "5m",
      "5m",
    ]);
    expect(warningsOf(request)).toEqual([
      "SETTING_IGNORED messages[0].content[0].cache_hint",
      "SETTING_CHANGED messages[0].content[3].cache_hint.ttl",
    ]);
  });

  test("go to the nearest lifetime with a warning", () => {
    const request = { messages: [{ content: [{ text: "x", ...seconds(7200) }] }] };
    expect(bodyOf(request).messages[0]?.content[0]?.cache_control?.ttl).toBe("1h");
    expect(warningsOf(request)).toEqual(["SETTING_CHANGED messages[0].content[0].cache_hint.ttl"]);
  });
});

describe("cache marks of provider options", () => {
  test("count and are left as they are", () => {
    const own = { text: "own", providerOptions: { anthropic: { cache_control: { type: "ephemeral", ttl: "1h" } } } };
    const hinted = ["a", "b", "c", "d"].map((words) => ({ text: words, cacheHint: {} }));
    const request = { messages: [{ content: [own, ...hinted] }] };
    expect(bodyOf(request).messages[0]?.content.map((block) => block.cache_control !== undefined)).toEqual([
      false,
      true,
      true,
      true,
      true,
    ]);
    expect(warningsOf(request)).toEqual(["SETTING_IGNORED messages[0].content[0].provider_options"]);
    const kept = { messages: [{ content: [{ ...own, cacheHint: {} }] }] };
    expect(bodyOf(kept).messages[0]?.content[0]?.cache_control).toEqual({ type: "ephemeral", ttl: "1h" });
  });

  test("that settling changes stay as they were in the request", () => {
    const own = { type: "ephemeral", ttl: "1h" };
    const content = [
      { text: "a", cacheHint: {} },
      { text: "b", providerOptions: { anthropic: { cache_control: own } } },
    ];
    const request = requestOf({ messages: [{ content }] });
    const { body } = messages.render(attemptOf(request));
    expect(body.messages[0]?.content[1]?.cache_control).toEqual({ type: "ephemeral", ttl: "5m" });
    expect(request.messages[0]?.content[1]?.providerOptions["anthropic"]).toEqual({ cache_control: own });
  });
});

describe("output", () => {
  test.each([
    ["the default", {}, 0, 4096, []],
    ["the model's own", {}, 64_000, 64_000, []],
    ["the caller's", { maxOutputTokens: 10 }, 64_000, 10, []],
    ["never above the model's", { maxOutputTokens: 99_999 }, 64_000, 64_000, ["SETTING_CHANGED max_output_tokens"]],
  ])("limit is %s", (_, request, maxOutputTokens, expected, warnings) => {
    const facts = knownFacts({ maxOutputTokens });
    expect(bodyOf({ ...hi, ...request }, facts).max_tokens).toBe(expected);
    expect(warningsOf({ ...hi, ...request }, facts)).toEqual(warnings);
  });

  test.each([
    [200_000, "", 64_000],
    [20_000, "x".repeat(40_000), 9996],
    [20_000, "x".repeat(79_000), 4096],
  ])("limit leaves room for the input in a window of %i", (contextWindow, input, expected) => {
    const facts = knownFacts({ maxOutputTokens: 64_000, contextWindow });
    expect(bodyOf({ input: `hi${input}`.slice(0, Math.max(2, input.length)) }, facts).max_tokens).toBe(expected);
  });

  test("form is a schema or nothing", () => {
    const strict = { ...hi, responseFormat: { jsonSchema: { name: "n", schema: { type: "object" }, strict: false } } };
    expect(bodyOf(strict).output_config).toEqual({ format: { type: "json_schema", schema: { type: "object" } } });
    expect(warningsOf(strict)).toEqual([
      "SETTING_IGNORED response_format.json_schema",
      "SETTING_CHANGED response_format.json_schema.strict",
    ]);
    const loose = { ...hi, responseFormat: { jsonObject: {} } };
    expect(bodyOf(loose).output_config).toBeUndefined();
    expect(warningsOf(loose)).toEqual(["SETTING_IGNORED response_format.json_object"]);
  });
});

describe("provider options", () => {
  test("win over what was rendered, and the beta list becomes a header", () => {
    const { body, headers } = render({
      ...hi,
      temperature: 0.5,
      providerOptions: {
        anthropic: { temperature: 0.7, inference_geo: "us", anthropic_beta: ["a", "b"] },
        openai: { n: 2 },
      },
    });
    expect(body).toMatchObject({ temperature: 0.7, inference_geo: "us" });
    expect(body).not.toHaveProperty("n");
    expect(body).not.toHaveProperty("anthropic_beta");
    expect(headers?.["anthropic-beta"]).toBe("a,b");
  });
});

describe("provider options that are refused", () => {
  test.each(["model", "stream", "messages", "max_tokens", "n"])("%s", (name) => {
    const request = { ...hi, providerOptions: { anthropic: { [name]: 1 } } };
    expect(refusalOf(request)).toMatchObject({
      reason: "INVALID_REQUEST",
      info: { field: `provider_options.${name}` },
    });
    expect(() => messages.count?.render(attemptOf(requestOf(request)))).toThrow(name);
  });

  test.each([["a\r\nx-evil: 1"], [["a", 1]], [""], [{}]])("anthropic_beta %j", (betas) => {
    expect(refusalOf({ ...hi, providerOptions: { anthropic: { anthropic_beta: betas } } })).toMatchObject({
      reason: "INVALID_REQUEST",
      info: { field: "provider_options.anthropic_beta" },
    });
  });
});

test("betas may come as one string", () => {
  const { headers } = render({ ...hi, providerOptions: { anthropic: { anthropic_beta: "a-2025,b.1" } } });
  expect(headers?.["anthropic-beta"]).toBe("a-2025,b.1");
});

describe("a token count", () => {
  test("is asked for with the prompt only", () => {
    const request = {
      ...hi,
      system: "s",
      ...functions,
      temperature: 0.5,
      maxOutputTokens: 9,
      reasoning: { effort: "low" },
    };
    const rendered = messages.count?.render(attemptOf(requestOf(request), true, adaptive));
    expect(rendered?.path).toBe("/messages/count_tokens");
    expect(rendered?.body).toEqual({
      model: "claude-test",
      system: "s",
      messages: [{ role: "user", content: [{ type: "text", text: "hi" }] }],
      tools: [{ name: "f", input_schema: { type: "object", properties: {} } }],
      thinking: { type: "adaptive", display: "summarized" },
      output_config: { effort: "low" },
    });
  });

  test("is read, or refused when it is none", () => {
    expect(messages.count?.read('{"input_tokens":2095}')).toMatchObject({ inputTokens: 2095, source: 1 });
    for (const body of ["", "[]", '{"input_tokens":"7"}'])
      expect(() => messages.count?.read(body)).toThrow(/cannot be read/);
  });
});
