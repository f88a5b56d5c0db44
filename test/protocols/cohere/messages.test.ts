import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { cohere } from "../../../src/protocols/cohere/protocol.ts";
import { type Aim, completionOf, errorOf, warningsOf } from "../../support/dialect.ts";

const aim: Aim = { provider: "cohere", model: "command-a" };
const bodyOf = (json: JsonObject, more: Aim = {}) =>
  JSON.parse(JSON.stringify(cohere.render(completionOf(json, { ...aim, ...more })).body));
const losses = (json: JsonObject, more: Aim = {}) => warningsOf(cohere, json, { ...aim, ...more });
const refusal = (json: JsonObject) => errorOf(() => cohere.render(completionOf(json, aim)));
const png = "iVBORw0KGgo=";
const user = (...content: JsonObject[]) => ({ messages: [{ content }] });

/** A conversation with all that can be said. */
const everything = {
  system: "be brief",
  messages: [
    {
      content: [
        { text: "look", providerOptions: { cohere: { extra: 1 } } },
        { media: { data: png, detail: "low" } },
        { media: { uri: "https://a.example/b.png" } },
        { media: { uri: "data:text/plain,caf%C3%A9", filename: "a.txt" } },
      ],
    },
    {
      role: "ROLE_ASSISTANT",
      content: [
        { reasoning: { text: "hm" }, signature: { provider: "cohere" } },
        { reasoning: { text: "I will call" }, signature: { provider: "cohere", value: "tool_plan" } },
        { text: "calling" },
        { toolCall: { id: "c1", name: "f", argumentsJson: '{ "n": 1.0 }' } },
        { toolCall: { id: "c2", name: "g" } },
      ],
    },
    {
      role: "ROLE_TOOL",
      content: [
        { toolResult: { toolCallId: "c1", content: [{ json: '{"n":1.0}' }, { json: "[1]" }, { text: "b" }] } },
        { toolResult: { toolCallId: "c2" } },
      ],
    },
  ],
};

describe("messages", () => {
  test("of every kind", () => {
    const { messages } = cohere.render(completionOf(everything, aim)).body;
    expect(messages).toMatchObject([
      { role: "system", content: "be brief" },
      {
        role: "user",
        content: [
          { type: "text", text: "look", extra: 1 },
          { type: "image_url", image_url: { url: `data:image/png;base64,${png}`, detail: "low" } },
          { type: "image_url", image_url: { url: "https://a.example/b.png" } },
          { type: "text", text: "a.txt\n\ncafé" },
        ],
      },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "hm" },
          { type: "text", text: "calling" },
        ],
        tool_plan: "I will call",
        tool_calls: [
          { id: "c1", type: "function", function: { name: "f", arguments: '{ "n": 1.0 }' } },
          { id: "c2", type: "function", function: { name: "g", arguments: "{}" } },
        ],
      },
      {
        role: "tool",
        tool_call_id: "c1",
        content: [{ type: "document" }, { type: "text", text: "[1]" }, { type: "text", text: "b" }],
      },
      { role: "tool", tool_call_id: "c2", content: "{}" },
    ]);
    expect(JSON.stringify(messages[3])).toContain('"document":{"data":{"n":1.0}}');
    expect(losses(everything)).toEqual([]);
  });

  test("of the system come first, together", () => {
    const json = { system: "a", messages: [{ text: "b" }, { role: "ROLE_SYSTEM", text: "c" }, { text: "d" }] };
    expect(bodyOf(json)["messages"]).toEqual([
      {
        role: "system",
        content: [
          { type: "text", text: "a" },
          { type: "text", text: "c" },
        ],
      },
      { role: "user", content: "b" },
      { role: "user", content: "d" },
    ]);
    expect(losses(json)).toEqual(["SETTING_CHANGED messages[1]"]);
  });

  test("tell what they lose", () => {
    const json = {
      input: "hi",
      messages: [
        { text: "a", name: "ann" },
        {
          role: "ROLE_ASSISTANT",
          content: [
            { reasoning: { text: "hm" } },
            { reasoning: { text: "hm" }, signature: { provider: "anthropic", value: "s" } },
            { text: "b", citations: [{ uri: "https://a.example" }], signature: { provider: "x" } },
            { toolCall: { id: "d", name: "s", providerExecuted: true } },
            { providerPart: { provider: "x", kind: "k", json: "{}" } },
            { toolCall: { id: "c", name: "f" }, signature: { provider: "google" } },
          ],
        },
        { role: "ROLE_TOOL", content: [{ toolResult: { toolCallId: "c", isError: true } }] },
        { content: [{ media: { data: png, detail: "ultra" } }] },
      ],
    };
    expect(losses(json)).toEqual([
      "SETTING_IGNORED messages[0].name",
      "PART_DROPPED messages[1].content[0]",
      "PART_DROPPED messages[1].content[2].citations",
      "SIGNATURE_DROPPED messages[1].content[2].signature",
      "PART_DROPPED messages[1].content[3]",
      "PART_DROPPED messages[1].content[4]",
      "SETTING_IGNORED messages[2].content[0].tool_result.is_error",
      "SETTING_IGNORED messages[3].content[0].media.detail",
    ]);
  });

  test.each<[string, JsonObject, string]>([
    ["a PDF", user({ media: { data: "JVBERi0=" } }), "CAPABILITY_UNSUPPORTED"],
    ["text by address", user({ media: { uri: "https://a.example/b.txt" } }), "CAPABILITY_UNSUPPORTED"],
    ["a private address", user({ media: { uri: "https://10.0.0.1/b.png" } }), "INVALID_REQUEST"],
    [
      "an uploaded file",
      user({ media: { providerFile: { provider: "cohere", fileId: "f" }, mimeType: "image/png" } }),
      "CAPABILITY_UNSUPPORTED",
    ],
    [
      "a picture of the system",
      { input: "hi", messages: [{ role: "ROLE_SYSTEM", content: [{ media: { data: png } }] }] },
      "CAPABILITY_UNSUPPORTED",
    ],
    [
      "a picture from a tool",
      {
        messages: [
          { role: "ROLE_TOOL", content: [{ toolResult: { toolCallId: "c", content: [{ media: { data: png } }] } }] },
        ],
      },
      "CAPABILITY_UNSUPPORTED",
    ],
    ["nothing", { messages: [{ content: [{ text: "" }] }] }, "INVALID_REQUEST"],
  ])("cannot hold %s", (_name, json, reason) => {
    expect(refusal(json).reason).toBe(reason);
  });

  test("want text files fetched, not pictures", () => {
    const fetched = (uri: string) => {
      const attempt = completionOf(user({ media: { uri } }), aim);
      const part = attempt.call.request.messages[0]?.content[0]?.part;
      return part?.case === "media" && cohere.fetches?.(part.value, attempt);
    };
    expect(fetched("https://a.example/b.txt")).toBe(true);
    expect(fetched("https://a.example/b.png")).toBe(false);
    expect(fetched("https://a.example/b")).toBe(false);
    expect(fetched("data:text/plain,a")).toBe(false);
  });
});

describe("documents", () => {
  const first = { text: "body", title: "Title", uri: "https://a.example", documentId: "d", citable: true };

  test("stand beside the messages, with ids that differ", () => {
    const json = {
      messages: [
        { content: [{ text: "q" }, { document: first }, { document: { text: "2" } }] },
        { content: [{ document: { text: "3", documentId: "d" } }] },
      ],
    };
    expect(bodyOf(json)).toMatchObject({
      messages: [{ role: "user", content: "q" }],
      documents: [
        { id: "d", data: { title: "Title", url: "https://a.example", text: "body" } },
        { id: "#1", data: { text: "2" } },
        { id: "d#2", data: { text: "3" } },
      ],
    });
    expect(bodyOf(json)).not.toHaveProperty("citation_options");
    expect(losses(json)).toEqual([]);
  });

  test("that nobody wants cited are not", () => {
    const json = user({ text: "q" }, { document: { text: "1" } });
    expect(bodyOf(json)["citation_options"]).toEqual({ mode: "OFF" });
  });

  test("are text where JSON is wanted", () => {
    const json = { ...user({ text: "q" }, { document: first }), responseFormat: { jsonObject: {} } };
    expect(bodyOf(json)["messages"][0]["content"][1]).toEqual({
      type: "text",
      text: "Title\nSource: https://a.example\n\nbody",
    });
    expect(bodyOf(json)).not.toHaveProperty("documents");
    expect(losses(json)).toEqual(["SETTING_IGNORED messages[0].content[1].document.citable"]);
  });

  test("can come from tools", () => {
    const json = {
      messages: [
        { role: "ROLE_ASSISTANT", content: [{ toolCall: { id: "c", name: "f" } }] },
        { role: "ROLE_TOOL", content: [{ toolResult: { toolCallId: "c", content: [{ document: first }] } }] },
      ],
    };
    expect(bodyOf(json)["messages"][1]["content"]).toEqual([
      { type: "document", document: { id: "d", data: { title: "Title", url: "https://a.example", text: "body" } } },
    ]);
  });
});
