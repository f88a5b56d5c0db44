import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { bodyOf, refusalOf, render, warningsOf } from "./rendered.ts";

const contentOf = (...content: JsonObject[]) => bodyOf({ messages: [{ content }] }).messages[0]?.content;

describe("parts", () => {
  const png = { data: "iVBORw==", mimeType: "image/png" };

  test.each([
    [
      "image data",
      { media: png },
      { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw==" } },
    ],
    [
      "image address",
      { media: { uri: "https://a.example/x", mimeType: "image/*" } },
      { type: "image", source: { type: "url", url: "https://a.example/x" } },
    ],
    [
      "address without a type",
      { media: { uri: "https://a.example/x" } },
      { type: "image", source: { type: "url", url: "https://a.example/x" } },
    ],
    [
      "data URI",
      { media: { uri: "data:image/gif;base64,R0lG" } },
      { type: "image", source: { type: "base64", media_type: "image/gif", data: "R0lG" } },
    ],
    [
      "PDF",
      { media: { data: "JVBERg==", mimeType: "application/pdf", filename: "a.pdf" } },
      { type: "document", title: "a.pdf", source: { type: "base64", media_type: "application/pdf", data: "JVBERg==" } },
    ],
    [
      "PDF address",
      { media: { uri: "https://a.example/x", mimeType: "application/pdf" } },
      { type: "document", source: { type: "url", url: "https://a.example/x" } },
    ],
    [
      "text file",
      { media: { data: "aGk=", mimeType: "text/csv" } },
      { type: "document", source: { type: "text", media_type: "text/plain", data: "hi" } },
    ],
    [
      "document",
      { document: { text: "d", title: "T", uri: "https://a.example", citable: true } },
      {
        type: "document",
        title: "T",
        context: "Source: https://a.example",
        citations: { enabled: true },
        source: { type: "text", media_type: "text/plain", data: "d" },
      },
    ],
    [
      "PDF document",
      { document: { media: { data: "JVBERg==", mimeType: "application/pdf" }, citable: true } },
      {
        type: "document",
        citations: { enabled: true },
        source: { type: "base64", media_type: "application/pdf", data: "JVBERg==" },
      },
    ],
    ["refusal", { refusal: "no" }, { type: "text", text: "no" }],
    [
      "signed reasoning",
      { reasoning: { text: "t" }, signature: { provider: "anthropic", value: "s" } },
      { type: "thinking", thinking: "t", signature: "s" },
    ],
    [
      "encrypted reasoning",
      { reasoning: { encryptedContent: "e" }, signature: { provider: "anthropic" } },
      { type: "redacted_thinking", data: "e" },
    ],
    [
      "own block",
      { providerPart: { provider: "anthropic", kind: "x", json: '{"type":"x","n":1}' } },
      { type: "x", n: 1 },
    ],
    [
      "tool call",
      { toolCall: { id: "t", name: "f", argumentsJson: '{"b":1,"a":2}' } },
      { type: "tool_use", id: "t", name: "f", input: { b: 1, a: 2 } },
    ],
    [
      "part options",
      { text: "x", providerOptions: { anthropic: { citations: [] }, openai: { y: 1 } } },
      { type: "text", text: "x", citations: [] },
    ],
  ])("%s", (_, part, block) => {
    expect(contentOf(part)).toEqual([block]);
  });

  test("keep the numbers of arguments, and lose those that were cut off, with a warning", () => {
    const call = (argumentsJson: string) => ({ toolCall: { id: "t", name: "f", argumentsJson } });
    expect(JSON.stringify(contentOf(call('{"a":1.0}')))).toContain('"input":{"a":1.0}');
    expect(contentOf(call('{"a":'))).toEqual([{ type: "tool_use", id: "t", name: "f", input: {} }]);
    expect(warningsOf({ messages: [{ content: [call('{"a":')] }] })).toEqual([
      "SETTING_CHANGED messages[0].content[0].tool_call.arguments_json",
    ]);
  });

  test("keep tool ids apart that differ in what the API does not take", () => {
    const ids = ["f:0", "f.0", "f_0"].map((id) => contentOf({ toolCall: { id, name: "f" } })?.[0]?.["id"]);
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id).toMatch(/^f_0(_[0-9a-f]{8})?$/);
    const [result] = contentOf({ toolResult: { toolCallId: "f:0" } }) ?? [];
    expect(result?.["tool_use_id"]).toBe(ids[0]);
  });

  test("of tool results keep their kinds", () => {
    const content = [{ text: "t" }, { json: '{"a":1}' }, { media: png }, { document: { text: "d" } }];
    const [block] = contentOf({ toolResult: { toolCallId: "t", isError: true, content } }) ?? [];
    expect(block).toEqual({
      type: "tool_result",
      tool_use_id: "t",
      is_error: true,
      content: [
        { type: "text", text: "t" },
        { type: "text", text: '{"a":1}' },
        { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw==" } },
        { type: "document", source: { type: "text", media_type: "text/plain", data: "d" } },
      ],
    });
  });

  test("that are a file at the provider need the files beta", () => {
    const file = { providerFile: { provider: "anthropic", fileId: "file_1" }, mimeType: "application/pdf" };
    const { body, headers } = render({ messages: [{ content: [{ media: file }] }] });
    expect(body.messages[0]?.content).toEqual([{ type: "document", source: { type: "file", file_id: "file_1" } }]);
    expect(headers?.["anthropic-beta"]).toBe("files-api-2025-04-14");
  });

  test.each([
    ["unsigned reasoning", { reasoning: { text: "t" } }, "PART_DROPPED messages[0].content[0]"],
    [
      "foreign reasoning",
      { reasoning: { encryptedContent: "e" }, signature: { provider: "openai", value: "s" } },
      "PART_DROPPED messages[0].content[0]",
    ],
    [
      "a foreign block",
      { providerPart: { provider: "openai", kind: "x", json: "{}" } },
      "PART_DROPPED messages[0].content[0]",
    ],
    [
      "a call another provider ran",
      { toolCall: { id: "t", name: "f", providerExecuted: true } },
      "PART_DROPPED messages[0].content[0]",
    ],
    ["blank text", { text: " \n" }, "PART_DROPPED messages[0].content[0]"],
  ])("%s is dropped with a warning", (_, part, warning) => {
    const request = { messages: [{ content: [part] }, { text: "hi" }] };
    expect(bodyOf(request).messages).toEqual([{ role: "user", content: [{ type: "text", text: "hi" }] }]);
    expect(warningsOf(request)).toEqual([warning]);
  });

  test("keep what a foreign signature or a citation cannot carry over", () => {
    const call = { toolCall: { id: "t", name: "f" }, signature: { provider: "gemini", value: "s" } };
    const cited = { text: "x", citations: [{ uri: "https://a.example" }] };
    const request = { messages: [{ content: [call, cited] }] };
    expect(bodyOf(request).messages[0]?.content).toHaveLength(2);
    expect(warningsOf(request)).toEqual([
      "PART_DROPPED messages[0].content[0].signature",
      "PART_DROPPED messages[0].content[1].citations",
    ]);
  });

  test.each([
    [
      "sound",
      { media: { data: "AA==", mimeType: "audio/wav" } },
      "CAPABILITY_UNSUPPORTED",
      { capability: "audio_input", model: "anthropic/claude-test" },
    ],
    [
      "an image type the API lacks",
      { media: { data: "AA==", mimeType: "image/tiff" } },
      "CAPABILITY_UNSUPPORTED",
      { capability: "image_input" },
    ],
    [
      "a file elsewhere",
      { media: { providerFile: { provider: "openai", fileId: "f" }, mimeType: "image/png" } },
      "CAPABILITY_UNSUPPORTED",
      { capability: "provider_file" },
    ],
    ["an image as document", { document: { media: png } }, "CAPABILITY_UNSUPPORTED", { capability: "document_type" }],
    [
      "arguments that are no object",
      { toolCall: { id: "t", name: "f", argumentsJson: "[1]" } },
      "INVALID_REQUEST",
      { field: "messages[0].content[0].tool_call.arguments_json" },
    ],
    ...["http://a.example/x", "https://127.0.0.1/x", "file:///etc/passwd"].map(
      (uri): [string, JsonObject, string, object] => [
        `media at ${uri}`,
        { media: { uri, mimeType: "image/png" } },
        "INVALID_REQUEST",
        { field: "messages[0].content[0].media.uri" },
      ],
    ),
    [
      "an own block that is no JSON",
      { providerPart: { provider: "anthropic", kind: "x", json: "x" } },
      "INVALID_REQUEST",
      {},
    ],
  ])("%s is refused", (_, part, reason, info) => {
    expect(refusalOf({ messages: [{ content: [part] }] })).toMatchObject({ reason, info });
  });
});
