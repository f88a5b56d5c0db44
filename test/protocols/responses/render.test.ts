import { describe, expect, test } from "vitest";
import { itemsOf, render } from "./asking.ts";

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
