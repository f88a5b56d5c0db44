import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { renderChat } from "../../../src/protocols/chat-completions/render.ts";
import { errorOf } from "../../support/dialect.ts";
import { attemptOf } from "./recording.ts";

function render(...messages: JsonObject[]) {
  const { body, warnings } = renderChat(attemptOf({ model: "openai/gpt-x", messages }, false));
  return {
    messages: JSON.parse(JSON.stringify(body.messages)),
    warnings: warnings.map(({ code, field }) => `${code} ${field}`),
  };
}

/** The content that one user part becomes. */
function content(part: JsonObject) {
  return render({ role: "ROLE_USER", content: [part] }).messages[0].content;
}

const png = Buffer.from("89504e470d0a1a0a", "hex").toString("base64");
const data = "AAEC";

describe("messages", () => {
  it("write one plain text short and everything else as a list", () => {
    expect(
      render(
        { role: "ROLE_SYSTEM", text: "Be brief." },
        { text: "hi", name: "ann" },
        { content: [{ text: "a" }, { text: "b", cacheHint: {} }] },
        { content: [{ text: "c", providerOptions: { openai: { prompt_cache_breakpoint: {} } } }] },
      ),
    ).toEqual({
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "hi", name: "ann" },
        {
          role: "user",
          content: [
            { type: "text", text: "a" },
            { type: "text", text: "b" },
          ],
        },
        { role: "user", content: [{ type: "text", text: "c", prompt_cache_breakpoint: {} }] },
      ],
      warnings: [],
    });
  });

  it("give the model's own words back: text, refusal and calls, but no reasoning", () => {
    const signature = { provider: "gemini", value: "s" };
    expect(
      render({
        role: "ROLE_ASSISTANT",
        content: [
          { reasoning: { text: "Hm" }, signature },
          { text: "Yes" },
          { refusal: "No" },
          { toolCall: { id: "a", name: "f", argumentsJson: '{"b": 1.0}' }, signature },
          { toolCall: { id: "b", name: "g" } },
          { toolCall: { id: "c", name: "search", providerExecuted: true } },
          { providerPart: { provider: "anthropic", kind: "search_result", json: "{}" } },
          { providerPart: { provider: "openai", kind: "web_search_call", json: "{}" } },
        ],
      }),
    ).toEqual({
      messages: [
        {
          role: "assistant",
          content: "Yes",
          refusal: "No",
          tool_calls: [
            { id: "a", type: "function", function: { name: "f", arguments: '{"b": 1.0}' } },
            { id: "b", type: "function", function: { name: "g", arguments: "{}" } },
          ],
        },
      ],
      warnings: [
        "SIGNATURE_DROPPED messages[0].content[3].signature",
        "PART_DROPPED messages[0].content[5]",
        "PART_DROPPED messages[0].content[6]",
        "PART_DROPPED messages[0].content[7]",
        "PART_DROPPED messages[0].content[0]",
      ],
    });
  });

  it("leave out a message of which nothing is left, and warn once for many", () => {
    const thought = { role: "ROLE_ASSISTANT", content: [{ reasoning: { text: "Hm" } }] };
    const { body, warnings } = renderChat(
      attemptOf({ model: "openai/gpt-x", messages: [thought, { text: "hi" }, thought, thought] }, false),
    );
    expect(body.messages).toEqual([{ role: "user", content: "hi" }]);
    expect(warnings).toMatchObject([{ field: "messages[0].content[0]", message: expect.stringContaining("2 more") }]);
  });

  it("warn of citations and names that get lost", () => {
    const said = { role: "ROLE_ASSISTANT", content: [{ text: "a", citations: [{ uri: "https://example.com" }] }] };
    const returned = { role: "ROLE_TOOL", name: "f", content: [{ toolResult: { toolCallId: "a" } }] };
    expect(render(said, returned).warnings).toEqual([
      "PART_DROPPED messages[0].content[0].citations",
      "SETTING_IGNORED messages[1].name",
    ]);
  });

  it("become one for each tool result", () => {
    const result = (toolCallId: string, parts: JsonObject[], isError = false) => ({
      toolResult: { toolCallId, content: parts, isError },
    });
    const document = { title: "T", text: "body" };
    const content = [
      result("a", [{ text: "fine" }]),
      result("b", [{ json: "{}" }, { document }], true),
      result("c", []),
    ];
    expect(render({ role: "ROLE_TOOL", content })).toEqual({
      messages: [
        { role: "tool", tool_call_id: "a", content: "fine" },
        {
          role: "tool",
          tool_call_id: "b",
          content: [
            { type: "text", text: "{}" },
            { type: "text", text: "T\n\nbody" },
          ],
        },
        { role: "tool", tool_call_id: "c", content: "" },
      ],
      warnings: ["SETTING_IGNORED messages[0].content[1].tool_result.is_error"],
    });
  });

  it.each<[string, JsonObject]>([
    ["messages[0].content[0]", { role: "ROLE_USER", content: [{ toolCall: { id: "a", name: "f" } }] }],
    ["messages[0].content[0]", { role: "ROLE_SYSTEM", content: [{ refusal: "No" }] }],
    ["messages[0].content[0]", { role: "ROLE_TOOL", text: "fine" }],
    ["messages[0].content[0]", { role: "ROLE_ASSISTANT", content: [{ toolResult: { toolCallId: "a" } }] }],
    ["messages[0].content[0].media.mime_type", { content: [{ media: { data } }] }],
    [
      "messages[0].content[0].provider_part.json",
      { content: [{ providerPart: { provider: "openai", kind: "x", json: "{" } }] },
    ],
  ])("are refused as invalid: %s of %j", (field, message) => {
    const error = errorOf(() => render(message));
    expect([error.reason, error.info["field"]]).toEqual(["INVALID_REQUEST", field]);
  });
});

describe("media", () => {
  it.each<[string, JsonObject, JsonObject]>([
    [
      "a picture on the web",
      { uri: "https://example.com/a", detail: "low" },
      { type: "image_url", image_url: { url: "https://example.com/a", detail: "low" } },
    ],
    [
      "an inline picture",
      { data, mimeType: "image/jpeg" },
      { type: "image_url", image_url: { url: `data:image/jpeg;base64,${data}` } },
    ],
    [
      "a picture known by its first bytes",
      { data: png, mimeType: "image/*" },
      { type: "image_url", image_url: { url: `data:image/png;base64,${png}` } },
    ],
    [
      "a picture in a data: URI",
      { uri: `data:image/png;base64,${data}` },
      { type: "image_url", image_url: { url: `data:image/png;base64,${data}` } },
    ],
    ["sound", { data, mimeType: "audio/mpeg" }, { type: "input_audio", input_audio: { data, format: "mp3" } }],
    ["sound by its name", { data, filename: "a.WAV" }, { type: "input_audio", input_audio: { data, format: "wav" } }],
    [
      "a file",
      { data, mimeType: "application/pdf", filename: "a.pdf" },
      { type: "file", file: { filename: "a.pdf", file_data: `data:application/pdf;base64,${data}` } },
    ],
    [
      "a file in a data: URI",
      { uri: `data:application/pdf;base64,${data}` },
      { type: "file", file: { filename: "file.pdf", file_data: `data:application/pdf;base64,${data}` } },
    ],
    ["a file at the provider", { providerFile: { provider: "openai", fileId: "file-1" } }, fileAt("file-1")],
  ])("%s", (_, media, part) => {
    expect(content({ media })).toEqual([part]);
  });

  it("of text becomes text", () => {
    const notes = { data: Buffer.from("naïve").toString("base64"), mimeType: "text/plain", filename: "notes.txt" };
    expect(content({ media: notes })).toBe("notes.txt\n\nnaïve");
    expect(content({ document: { title: "Title", text: "body" } })).toBe("Title\n\nbody");
    expect(content({ document: { text: "body" } })).toBe("body");
  });

  it("in a document takes its title for a name", () => {
    const document = { title: "Report.pdf", media: { data, mimeType: "application/pdf" }, citable: true };
    const { messages, warnings } = render({ content: [{ document }] });
    expect(messages[0].content).toMatchObject([{ file: { filename: "Report.pdf" } }]);
    expect(warnings).toEqual(["SETTING_IGNORED messages[0].content[0].document.citable"]);
  });

  it.each<[string, JsonObject]>([
    ["video", { data, mimeType: "video/mp4" }],
    ["sound by address", { uri: "https://example.com/a.mp3" }],
    ["sound of another format", { data, mimeType: "audio/flac" }],
    ["a file by address", { uri: "https://example.com/a.pdf", mimeType: "application/pdf" }],
    ["a file of another provider", { providerFile: { provider: "anthropic", fileId: "f" } }],
  ])("is refused that the dialect cannot carry: %s", (_, media) => {
    const error = errorOf(() => content({ media }));
    expect([error.reason, error.info]).toMatchObject(["CAPABILITY_UNSUPPORTED", { model: "openai/gpt-x" }]);
  });

  it.each([
    ["http://example.com/a.png", "must be an https: or data: URI"],
    ["file:///etc/passwd", "must be an https: or data: URI"],
    ["https://169.254.169.254/latest/meta-data", "must not lead to a private address"],
  ])("is refused by the address %s", (uri, message) => {
    const error = errorOf(() => content({ media: { uri, mimeType: "image/png" } }));
    const field = "messages[0].content[0].media.uri";
    expect([error.reason, error.rawMessage]).toEqual(["INVALID_REQUEST", `${field}: ${message}`]);
  });

  it("of a document tells its source, or warns that it cannot", () => {
    const uri = "https://example.com/t";
    expect(content({ document: { title: "T", uri, text: "body" } })).toBe(`T\nSource: ${uri}\n\nbody`);
    expect(content({ document: { uri, text: "body" } })).toBe(`Source: ${uri}\n\nbody`);
    const media = { data, mimeType: "application/pdf", filename: "a.pdf" };
    expect(render({ content: [{ document: { title: "T", uri, media } }] }).warnings).toEqual([
      "SETTING_IGNORED messages[0].content[0].document.uri",
      "SETTING_IGNORED messages[0].content[0].document.title",
    ]);
  });

  it.each(["ROLE_SYSTEM", "ROLE_ASSISTANT"])("is refused in messages of %s, but for text", (role) => {
    const pdf = { document: { media: { data, mimeType: "application/pdf" } } };
    const png = { media: { data, mimeType: "image/png" } };
    for (const part of [pdf, png]) {
      expect(errorOf(() => render({ role, content: [part] })).reason).toBe("CAPABILITY_UNSUPPORTED");
    }
    expect(render({ role, content: [{ document: { text: "body" } }] }).messages).toMatchObject([{ content: "body" }]);
  });

  it("is refused in tool results", () => {
    const media = { data, mimeType: "image/png" };
    const result = { toolResult: { toolCallId: "a", content: [{ media }] } };
    expect(errorOf(() => render({ role: "ROLE_TOOL", content: [result] })).reason).toBe("CAPABILITY_UNSUPPORTED");
  });
});

function fileAt(file_id: string): JsonObject {
  return { type: "file", file: { file_id } };
}
