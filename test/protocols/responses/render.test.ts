import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { itemsOf, render, talker, thinker } from "./asking.ts";

const user = (...content: object[]) => [{ content }] as never;
const png = "iVBORw0KGgo=";

describe("the conversation", () => {
  test("is told whole, in items, and not to be kept", () => {
    const { path, body, warnings } = render({
      system: "Be brief.",
      messages: [
        { text: "Weather?" },
        { role: "ROLE_ASSISTANT", content: [{ text: "I look." }, { toolCall: { id: "c1", name: "w" } }] },
        { role: "ROLE_TOOL", content: [{ toolResult: { toolCallId: "c1", content: [{ json: '{"t":1}' }] } }] },
        { role: "ROLE_SYSTEM", text: "Now briefer." },
      ],
      input: "And?",
    });
    expect({ path, body, warnings }).toEqual({
      path: "/responses",
      body: {
        model: "m-1",
        store: false,
        input: [
          { role: "system", content: "Be brief." },
          { role: "user", content: "Weather?" },
          { role: "assistant", content: "I look." },
          { type: "function_call", call_id: "c1", name: "w", arguments: "{}" },
          { type: "function_call_output", call_id: "c1", output: '{"t":1}' },
          { role: "system", content: "Now briefer." },
          { role: "user", content: "And?" },
        ],
      },
      warnings: [],
    });
  });

  test("has pictures and files by bytes, address and upload, also in results of tools", () => {
    const media = [
      { media: { data: png, mimeType: "image/png", detail: "low" } },
      { media: { uri: "https://a.test/b.png" } },
      { media: { providerFile: { provider: "acme", fileId: "f1" }, mimeType: "image/*" } },
      { media: { data: "JVBERg==", mimeType: "application/pdf", filename: "a.pdf" } },
      { media: { uri: "https://a.test/b.pdf" } },
      { media: { providerFile: { provider: "openai", fileId: "f2" } } },
      { media: { data: "aGk=", mimeType: "text/plain", filename: "a.txt" } },
    ];
    const sent = [
      { type: "input_image", detail: "low", image_url: `data:image/png;base64,${png}` },
      { type: "input_image", detail: "auto", image_url: "https://a.test/b.png" },
      { type: "input_image", detail: "auto", file_id: "f1" },
      { type: "input_file", filename: "a.pdf", file_data: "data:application/pdf;base64,JVBERg==" },
      { type: "input_file", file_url: "https://a.test/b.pdf" },
      { type: "input_file", file_id: "f2" },
      { type: "input_text", text: "a.txt\n\nhi" },
    ];
    expect(itemsOf(user(...media)).items).toEqual([{ role: "user", content: sent }]);
    const call = { role: "ROLE_ASSISTANT", content: [{ toolCall: { id: "c", name: "f" } }] };
    const result = { role: "ROLE_TOOL", content: [{ toolResult: { toolCallId: "c", content: media, isError: true } }] };
    const { items, warnings } = itemsOf([call, result]);
    expect(items[1]).toEqual({ type: "function_call_output", call_id: "c", output: sent });
    expect(warnings).toEqual(["SETTING_IGNORED messages[1].content[0].tool_result.is_error"]);
  });

  test("has documents as text under their title, or as files", () => {
    const { items, warnings } = itemsOf(
      user(
        { document: { text: "Body", title: "T", uri: "https://a.test", citable: true } },
        { document: { media: { data: "JVBERg==", mimeType: "application/pdf" }, title: "b.pdf" } },
      ),
    );
    expect(items).toEqual([
      {
        role: "user",
        content: [
          { type: "input_text", text: "T\nSource: https://a.test\n\nBody" },
          { type: "input_file", filename: "b.pdf", file_data: "data:application/pdf;base64,JVBERg==" },
        ],
      },
    ]);
    expect(warnings).toEqual(["SETTING_IGNORED messages[0].content[0].document.citable"]);
  });

  test.each([
    ["sound", { data: "AAAA", mimeType: "audio/wav" }],
    ["film", { uri: "https://a.test/b.mp4" }],
    ["a file of another provider", { providerFile: { provider: "elsewhere", fileId: "f" } }],
  ])("cannot have %s", (_, media) => {
    expect(() => itemsOf(user({ media }))).toThrow(expect.objectContaining({ reason: "CAPABILITY_UNSUPPORTED" }));
  });

  test("cannot have media in instructions, or without a type", () => {
    const instructions = [{ role: "ROLE_SYSTEM", content: [{ media: { data: png, mimeType: "image/png" } }] }];
    expect(() => itemsOf(instructions)).toThrow("instructions can only be text");
    expect(() => itemsOf(user({ media: { data: "AAAA" } }))).toThrow("messages[0].content[0].media.mime_type");
    expect(() => itemsOf(user({ media: { uri: "http://a.test/b.png" } }))).toThrow("https:");
  });

  test("tells names, and blocks and calls of others, as lost", () => {
    const { items, warnings } = itemsOf([
      { name: "ann", text: "Hi" },
      {
        role: "ROLE_ASSISTANT",
        content: [
          { providerPart: { provider: "elsewhere", kind: "x", json: "{}" } },
          { toolCall: { id: "c", name: "f", providerExecuted: true } },
          { reasoning: { text: "Hm" } },
          { text: "Yes", signature: { provider: "elsewhere", value: "s" } },
        ],
      },
    ]);
    expect(items).toEqual([
      { role: "user", content: "Hi" },
      { role: "assistant", content: "Yes" },
    ]);
    expect(warnings).toEqual([
      "SETTING_IGNORED messages[0].name",
      "PART_DROPPED messages[1].content[0]",
      "PART_DROPPED messages[1].content[1]",
      "PART_DROPPED messages[1].content[2]",
      "SIGNATURE_DROPPED messages[1].content[3].signature",
    ]);
  });

  test("has the server's own items and parts as they came, and options where they stand", () => {
    const own = (json: string) => ({ providerPart: { provider: "acme", kind: "k", json } });
    const { items } = itemsOf([
      {
        content: [
          { text: "a", providerOptions: { openai: { prompt_cache_breakpoint: { mode: "explicit" } } } },
          own('{"type":"computer_call_output","call_id":"c","output":{"n":1.0}}'),
          own('{"type":"input_file","file_id":"f"}'),
        ],
      },
    ]);
    expect(items).toEqual([
      {
        role: "user",
        content: [{ type: "input_text", text: "a", prompt_cache_breakpoint: { mode: "explicit" } }],
      },
      { type: "computer_call_output", call_id: "c", output: { n: 1 } },
      { role: "user", content: [{ type: "input_file", file_id: "f" }] },
    ]);
    expect(() => itemsOf([{ content: [own("[1]")] }])).toThrow("provider_part.json");
  });

  test("gives refusals and citations back", () => {
    const cited = { uri: "https://a.test", title: "A", startCodePoint: 0, endCodePoint: 2 };
    const { items, warnings } = itemsOf([
      { text: "q" },
      { role: "ROLE_ASSISTANT", content: [{ text: "So", citations: [cited] }, { refusal: "No" }] },
      { role: "ROLE_ASSISTANT", content: [{ text: "So", citations: [{ documentId: "#0" }] }] },
    ]);
    const annotations = [{ type: "url_citation", url: "https://a.test", title: "A", start_index: 0, end_index: 2 }];
    expect(items.slice(1)).toEqual([
      {
        type: "message",
        role: "assistant",
        id: expect.stringMatching(/^msg_/),
        status: "completed",
        content: [
          { type: "output_text", text: "So", annotations, logprobs: [] },
          { type: "refusal", refusal: "No" },
        ],
      },
      { role: "assistant", content: "So" },
    ]);
    expect(warnings).toEqual(["PART_DROPPED messages[2].content[0].citations"]);
  });
});

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
