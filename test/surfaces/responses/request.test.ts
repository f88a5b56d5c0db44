import { create, type JsonObject, toJson } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CompleteRequestSchema, CompleteResponseSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { type ContentPart, ContentPartSchema, Role } from "../../../gen/llmhub/v1/content_pb.ts";
import { GatewayError } from "../../../src/model/error.ts";
import { parseExact } from "../../../src/protocols/exact-json.ts";
import { openai } from "../../../src/providers/openai/openai.ts";
import { checkConversation } from "../../../src/services/conversation-rules.ts";
import { responseOf } from "../../../src/surfaces/responses/answer.ts";
import { readResponses } from "../../../src/surfaces/responses/request.ts";
import { conversations } from "../../conformance/conversation.ts";
import { response } from "../../support/any-answer.ts";
import { requestOf } from "../../support/every-dialect.ts";
import { bodyOf } from "../../support/provider-body.ts";

const model = "gpt-5-pro";

function readText(text: string) {
  const { request } = readResponses({ value: JSON.parse(text), exact: () => parseExact(text) });
  checkConversation(request);
  return request;
}

function read(body: object) {
  return readText(JSON.stringify({ input: "hi", ...body }));
}

/** Ids of messages are made of their places, which the server does not look at. */
function unnumbered(body: object): unknown {
  return JSON.parse(JSON.stringify(body).replace(/"msg_\d+_\d+"/g, '"msg"'));
}

test("what the hub asks OpenAI in this dialect, it understands itself: to be asked the same again", () => {
  fc.assert(
    fc.property(conversations, ({ request }) => {
      let sent: JsonObject;
      try {
        sent = bodyOf(openai, model, toJson(CompleteRequestSchema, requestOf(request)) as JsonObject)
          .body as JsonObject;
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
        return;
      }
      const asked = { ...readText(JSON.stringify(sent)), labels: {} };
      const again = bodyOf(openai, model, toJson(CompleteRequestSchema, asked) as JsonObject);
      expect(unnumbered(again.body)).toEqual(unnumbered(sent));
    }),
    { numRuns: 300 },
  );
});

test("an answer that is given back is what the model said, part by part", () => {
  fc.assert(
    fc.property(response, (whole) => {
      const said = whole.message?.content ?? [];
      const ids = said.flatMap(({ part }) => (part.case === "toolCall" ? part.value.id : []));
      fc.pre(said.length > 0 && new Set(ids).size === ids.length);
      const { output } = responseOf(whole, { input: "hi" }) as { readonly output: JsonObject[] };
      const text = JSON.stringify({ input: output });
      const { request } = readResponses({ value: JSON.parse(text), exact: () => parseExact(text) });
      expect(new Set(request.messages.map(({ role }) => role))).toEqual(new Set([Role.ASSISTANT]));
      const plain = (part: ContentPart) => toJson(ContentPartSchema, { ...part, citations: [] });
      expect(request.messages.flatMap(({ content }) => content).map(plain)).toEqual(said.map(plain));
    }),
  );
});

/** A part of every kind that the property above has not. */
const rare = create(CompleteResponseSchema, {
  id: "cmp_0",
  message: {
    role: Role.ASSISTANT,
    content: [
      {
        part: { case: "media", value: { source: { case: "data", value: Buffer.from("x") }, mimeType: "image/png" } },
      },
      {
        part: { case: "media", value: { source: { case: "data", value: Buffer.from("x") }, mimeType: "audio/wav" } },
      },
      {
        part: { case: "text", value: "So 𝒂" },
        citations: [
          { source: { case: "uri", value: "https://a.test" }, title: "A", startCodePoint: 3, endCodePoint: 4 },
          { source: { case: "documentId", value: "file-1" }, title: "B" },
        ],
        signature: { provider: "openai", value: '{"phase":"final_answer"}' },
      },
      { part: { case: "toolCall", value: { id: "s", name: "search", argumentsJson: "{}", providerExecuted: true } } },
      {
        part: {
          case: "providerPart",
          value: { provider: "openai", kind: "web_search_call", json: '{"id":"ws","n":1.0}' },
        },
      },
      {
        part: { case: "toolCall", value: { id: "c", name: "f", argumentsJson: "{}" } },
        signature: { provider: "gemini", value: "S" },
      },
    ],
  },
});

test("media, other parts and sources of an answer come back, too", () => {
  const { output } = responseOf(rare, { input: "hi" }) as { readonly output: JsonObject[] };
  expect(output.map(({ type }) => type)).toEqual([
    "image_generation_call",
    "reasoning",
    "message",
    "reasoning",
    "web_search_call",
    "function_call",
    "reasoning",
  ]);
  expect(output[2]).toMatchObject({
    phase: "final_answer",
    content: [
      {
        annotations: [
          { type: "url_citation", url: "https://a.test", title: "A", start_index: 3, end_index: 4 },
          { type: "file_citation", file_id: "file-1", filename: "B", index: 4 },
        ],
      },
    ],
  });
  const input = [...output, { type: "function_call_output", call_id: "c", output: "r" }];
  const { messages } = readText(JSON.stringify({ input }));
  expect(messages.map(({ role }) => role)).toEqual([Role.ASSISTANT, Role.TOOL]);
  const [media, ...others] = messages[0]?.content ?? [];
  expect(media?.part).toMatchObject({ value: { source: { value: "data:image/png;base64,eA==" } } });
  const [, ...said] = rare.message?.content ?? [];
  const plain = (part: ContentPart) => toJson(ContentPartSchema, { ...part, citations: [] });
  expect(others.map(plain)).toEqual(
    said.map(plain).map((part) => {
      const own = (part as { providerPart?: JsonObject }).providerPart;
      return own === undefined
        ? part
        : { providerPart: { ...own, json: '{"id":"ws","n":1.0,"type":"web_search_call"}' } };
    }),
  );
  expect(others[1]?.citations.map(({ source }) => source.value)).toEqual(["https://a.test", "file-1"]);
});

describe("settings", () => {
  test("become the hub's own", () => {
    const request = read({
      max_output_tokens: 20,
      temperature: 0.5,
      top_p: 0.9,
      top_logprobs: 2,
      user: "u",
      safety_identifier: "s",
      service_tier: "flex",
      metadata: { team: "search", "No Label": "x" },
      reasoning: { effort: "high", summary: "detailed" },
      text: { format: { type: "json_object" }, verbosity: "low" },
      include: ["reasoning.encrypted_content", "web_search_call.results"],
      truncation: "disabled",
      store: true,
      prompt_cache_key: "k",
      llmhub: { lossless: true },
    });
    expect(toJson(CompleteRequestSchema, request)).toEqual({
      messages: [{ role: "ROLE_USER", content: [{ text: "hi" }] }],
      maxOutputTokens: 20,
      temperature: 0.5,
      topP: 0.9,
      topLogprobs: 2,
      endUserId: "s",
      serviceTier: "flex",
      labels: { team: "search" },
      reasoning: { effort: "high" },
      responseFormat: { jsonObject: {} },
      providerOptions: { openai: { verbosity: "low", include: ["web_search_call.results"], prompt_cache_key: "k" } },
      lossless: true,
    });
  });

  test("verbosity stands where each of OpenAI's dialects has it", () => {
    const asked = toJson(CompleteRequestSchema, read({ text: { verbosity: "low" } })) as JsonObject;
    expect(bodyOf(openai, "gpt-5", asked).body).toMatchObject({ verbosity: "low" });
    expect(bodyOf(openai, model, asked).body["text"]).toEqual({ verbosity: "low" });
  });

  test("tools that OpenAI defines keep their settings, and schemas their digits", () => {
    const request = readText(
      '{"input":"hi","tools":[{"type":"mcp","server_label":"a"},{"type":"mcp","server_label":"b"},{"type":"web_search"},' +
        '{"type":"function","name":"f","parameters":{"maximum":1.0}}],"tool_choice":{"type":"web_search"}}',
    );
    expect(toJson(CompleteRequestSchema, request)).toMatchObject({
      tools: [
        { providerTool: { id: "openai.mcp", name: "a", config: { server_label: "a" } } },
        { providerTool: { id: "openai.mcp", name: "b", config: { server_label: "b" } } },
        { providerTool: { id: "openai.web_search" } },
        { function: { name: "f", parametersJson: '{"maximum":1.0}' } },
      ],
      toolChoice: { toolName: "web_search" },
    });
  });

  test.each([
    [{ input: [] }, "input"],
    [{ tools: [{ type: "function" }] }, "tools[0].name"],
    [{ tool_choice: "required" }, "tool_choice"],
    [{ input: [{ role: "user", content: [{ type: "input_file" }] }] }, "input[0].content[0]"],
    [{ input: [{ type: "reasoning", encrypted_content: 1 }] }, "input[0].encrypted_content"],
    [{ llmhub: { model: "x" } }, "llmhub"],
  ])("%j is refused by the name of the field", (body, field) => {
    expect(() => read(body)).toThrow(new RegExp(`request\\. ${field.replace(/[[\]]/g, "\\$&")} `));
  });
});
