import { describe, expect, test } from "vitest";
import { gemini } from "../../../src/protocols/gemini/protocol.ts";
import { completionOf, errorOf, warningsOf } from "../../support/dialect.ts";
import { bodyOf, call, hi, result, said, turnsOf } from "./rendered.ts";

const own = { provider: "gemini" };
const warned = (json: Parameters<typeof warningsOf>[1], model = "gemini-2.5-flash") =>
  warningsOf(gemini, json, { ...own, model });
const refused = (json: Parameters<typeof bodyOf>[0]) => errorOf(() => bodyOf(json));
const png = Buffer.from("89504e470d0a1a0a", "hex").toString("base64");

describe("turns", () => {
  test("alternate, with instructions at the front", () => {
    const json = {
      messages: [
        { text: "a" },
        { role: "ROLE_SYSTEM", text: "be brief" },
        { text: "b" },
        { role: "ROLE_ASSISTANT", text: "c" },
      ],
      system: "be kind",
      input: "d",
    };
    expect(bodyOf(json)).toEqual({
      systemInstruction: { parts: [{ text: "be kind" }, { text: "be brief" }] },
      contents: [
        { role: "user", parts: [{ text: "a" }, { text: "b" }] },
        { role: "model", parts: [{ text: "c" }] },
        { role: "user", parts: [{ text: "d" }] },
      ],
    });
    expect(warned(json)).toEqual(["SETTING_CHANGED messages[1]"]);
  });

  test("of which nothing is sent are left out, and their neighbours joined", () => {
    const foreign = { reasoning: { text: "hm" }, signature: { provider: "anthropic", value: "x" } };
    const json = { messages: [{ text: "a" }, { role: "ROLE_ASSISTANT", content: [foreign] }, { text: "b" }] };
    expect(turnsOf(json)).toEqual([{ role: "user", parts: [{ text: "a" }, { text: "b" }] }]);
    expect(warned(json)).toEqual(["PART_DROPPED messages[1].content[0]"]);
    expect(refused({ messages: [{ role: "ROLE_ASSISTANT", content: [foreign] }] }).reason).toBe("INVALID_REQUEST");
  });

  test("begin with the instructions for models that know none", () => {
    const json = { system: "be brief", ...hi };
    expect(bodyOf(json, { model: "gemma-3-27b-it" })).toEqual({
      contents: [{ role: "user", parts: [{ text: "be brief" }, { text: "hi" }] }],
    });
    expect(warned(json, "gemma-3-27b-it")).toEqual(["SETTING_CHANGED system"]);
  });

  test("lose names, cache hints and citations with a warning", () => {
    const cited = { text: "x", citations: [{ uri: "https://a.example" }], cacheHint: {} };
    const json = {
      messages: [{ text: "a", name: "Ann" }, { role: "ROLE_ASSISTANT", content: [cited] }, { text: "b" }],
    };
    expect(warned(json)).toEqual([
      "SETTING_IGNORED messages[0].name",
      "PART_DROPPED messages[1].content[0].citations",
      "SETTING_IGNORED messages[1].content[0].cache_hint",
    ]);
  });
});

describe("parts of the model come back", () => {
  const signature = { provider: "gemini", value: "c2ln" };

  test.each([
    ["text", { text: "x", signature }, { text: "x", thoughtSignature: "c2ln" }],
    ["empty text that is signed", { text: "", signature }, { text: "", thoughtSignature: "c2ln" }],
    ["reasoning", { reasoning: { text: "hm" }, signature }, { text: "hm", thought: true, thoughtSignature: "c2ln" }],
    [
      "reasoning that is its own without proof",
      { reasoning: { text: "hm" }, signature: { provider: "gemini" } },
      { text: "hm", thought: true },
    ],
    [
      "a call",
      call({ signature }),
      { functionCall: { id: "c1", name: "f", args: { a: expect.anything() } }, thoughtSignature: "c2ln" },
    ],
    ["a refusal", { refusal: "no" }, { text: "no" }],
    [
      "a part of its own",
      { providerPart: { provider: "google", kind: "executableCode", json: '{"executableCode":{"code":"1.0"}}' } },
      { executableCode: { code: "1.0" } },
    ],
    [
      "extras of a part",
      { text: "x", providerOptions: { google: { partMetadata: { k: 1 } } } },
      { text: "x", partMetadata: { k: 1 } },
    ],
  ])("%s", (_, part, expected) => {
    expect(turnsOf(said(part))[1]).toEqual({ role: "model", parts: [expected] });
  });

  test("with arguments as they were written", () => {
    expect(JSON.stringify(turnsOf(said(call()))[1])).toContain('"args":{"a":1.0}');
    expect(warned(said({ toolCall: { id: "c1", name: "f", argumentsJson: '{"a":' } }))).toEqual([
      "SETTING_CHANGED messages[1].content[0].tool_call.arguments_json",
    ]);
  });

  test("without what is another provider's", () => {
    const foreign = { provider: "vertex", value: "x" };
    expect(turnsOf(said({ text: "x", signature: foreign }))[1]?.parts).toEqual([{ text: "x" }]);
    expect(warned(said({ text: "x", signature: foreign }))).toEqual([
      "SIGNATURE_DROPPED messages[1].content[0].signature",
    ]);
    expect(warned(said({ reasoning: { text: "hm" } }))).toEqual(["PART_DROPPED messages[1].content[0]"]);
    expect(warned(said({ providerPart: { provider: "openai", kind: "x", json: "{}" } }))).toEqual([
      "PART_DROPPED messages[1].content[0]",
    ]);
  });

  test("with the word for calls that nobody signed, where they must be signed", () => {
    const json = {
      messages: [
        { text: "go" },
        { role: "ROLE_ASSISTANT", content: [{ text: "so" }, call(), { toolCall: { id: "c2", name: "g" } }] },
        result({ toolCallId: "c1", content: [{ text: "1" }] }),
        result({ toolCallId: "c2", content: [{ text: "2" }] }),
      ],
    };
    const proofs = (model: string) => turnsOf(json, { model })[1]?.parts.map((part) => part["thoughtSignature"]);
    expect(proofs("gemini-3-flash-preview")).toEqual([undefined, "skip_thought_signature_validator", undefined]);
    expect(proofs("gemini-2.5-flash")).toEqual([undefined, undefined, undefined]);
  });
});

describe("results of functions", () => {
  const answered = (toolResult: object, model?: string) =>
    turnsOf(
      {
        messages: [
          { text: "go" },
          { role: "ROLE_ASSISTANT", content: [call()] },
          result({ toolCallId: "c1", ...toolResult }),
        ],
      },
      model === undefined ? {} : { model },
    )[2]?.parts;

  test.each([
    ["text", { content: [{ text: "ok" }] }, { output: "ok" }],
    ["JSON", { content: [{ json: '{"t":20}' }] }, { output: { t: 20 } }],
    ["text that only says it is JSON", { content: [{ json: "{" }] }, { output: "{" }],
    ["several", { content: [{ text: "a" }, { json: "1" }] }, { output: ["a", 1] }],
    ["nothing", {}, { output: "" }],
    ["a failure", { content: [{ text: "bad" }], isError: true }, { error: "bad" }],
    ["a document", { content: [{ document: { text: "body", title: "T" } }] }, { output: "T\n\nbody" }],
  ])("%s", (_, toolResult, response) => {
    expect(answered(toolResult)).toEqual([{ functionResponse: { id: "c1", name: "f", response } }]);
  });

  test("hold media, or have it behind them before Gemini 3", () => {
    const toolResult = { content: [{ text: "see" }, { media: { data: png } }] };
    const inline = { inlineData: { mimeType: "image/png", data: png } };
    const response = { id: "c1", name: "f", response: { output: "see" } };
    expect(answered(toolResult)).toEqual([{ functionResponse: response }, inline]);
    expect(answered(toolResult, "gemini-3-flash-preview")).toEqual([
      { functionResponse: { ...response, parts: [inline] } },
    ]);
  });

  test("need a name that is known", () => {
    const json = { messages: [{ text: "go" }, result({ toolCallId: "c9", content: [{ text: "x" }] })] };
    expect(refused(json).message).toContain("messages[1].content[0].tool_result.tool_name");
  });
});

describe("media", () => {
  const seen = (part: object, model = "gemini-2.5-flash") =>
    turnsOf({ messages: [{ content: [part as never] }] }, { model })[0]?.parts;

  test.each([
    ["bytes", { media: { data: png, mimeType: "image/png" } }, { inlineData: { mimeType: "image/png", data: png } }],
    [
      "a data: URI",
      { media: { uri: `data:image/png;base64,${png}` } },
      { inlineData: { mimeType: "image/png", data: png } },
    ],
    ["text", { media: { data: Buffer.from("hé").toString("base64"), mimeType: "text/csv" } }, { text: "hé" }],
    [
      "a film of YouTube",
      { media: { uri: "https://www.youtube.com/watch?v=9hE5-98ZeCg" } },
      { fileData: { mimeType: "video/mp4", fileUri: "https://www.youtube.com/watch?v=9hE5-98ZeCg" } },
    ],
    [
      "a file of the provider",
      { media: { providerFile: { provider: "gemini", fileId: "files/abc" }, mimeType: "image/png" } },
      { fileData: { mimeType: "image/png", fileUri: "https://generativelanguage.googleapis.com/v1beta/files/abc" } },
    ],
    [
      "an object of Cloud Storage",
      { media: { providerFile: { provider: "google", fileId: "gs://b/o" } } },
      { fileData: { fileUri: "gs://b/o" } },
    ],
  ])("%s", (_, part, expected) => {
    expect(seen(part)).toEqual([expected]);
  });

  test("a document has its title and source before it", () => {
    const document = { media: { data: png }, title: "T", uri: "https://a.example", citable: true };
    expect(seen({ document })).toEqual([
      { text: "T\nSource: https://a.example" },
      { inlineData: { mimeType: "image/png", data: png } },
    ]);
    expect(warned({ messages: [{ content: [{ document }] }] })).toEqual([
      "SETTING_IGNORED messages[0].content[0].document.citable",
    ]);
  });

  test.each([
    ["an address", { media: { uri: "https://a.example/x.png" } }, "CAPABILITY_UNSUPPORTED"],
    ["a private address", { media: { uri: "https://127.0.0.1/x.png" } }, "INVALID_REQUEST"],
    ["bytes of no known type", { media: { data: "AAAA" } }, "INVALID_REQUEST"],
    [
      "a file of another provider",
      { media: { providerFile: { provider: "openai", fileId: "f" } } },
      "CAPABILITY_UNSUPPORTED",
    ],
  ])("%s is refused", (_, part, reason) => {
    expect(errorOf(() => seen(part)).reason).toBe(reason);
  });

  test("an address is fetched, but for films of YouTube", () => {
    const fetched = (uri: string) => {
      const attempt = completionOf({ messages: [{ content: [{ media: { uri } }] }] });
      const part = attempt.call.request.messages[0]?.content[0]?.part;
      return part?.case === "media" && gemini.fetches(part.value);
    };
    expect(fetched("https://a.example/x.png")).toBe(true);
    expect(fetched("https://youtu.be/9hE5-98ZeCg")).toBe(false);
    expect(fetched("https://evil.example/https://www.youtube.com/watch?v=1")).toBe(true);
    expect(fetched(`data:image/png;base64,${png}`)).toBe(false);
  });
});
