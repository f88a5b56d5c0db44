import { describe, expect, test } from "vitest";
import { countedConverse } from "../../../src/protocols/converse/protocol.ts";
import { attemptOf, bodyOf, models, refusalOf, warningsOf } from "./attempt.ts";

const refusal = (json: Parameters<typeof attemptOf>[0], model?: string) =>
  refusalOf(() => countedConverse.render(attemptOf(json, model)));
const user = (...content: object[]) => ({ messages: [{ role: "ROLE_USER", content }] }) as never;
const contentOf = (...parts: object[]) => bodyOf(user(...parts)).messages[0]?.content;

describe("messages", () => {
  test("roles alternate, system comes first, results come before what was asked next", () => {
    const body = bodyOf({
      system: "s1",
      messages: [
        { role: "ROLE_USER", text: "a" },
        { role: "ROLE_USER", text: "b", name: "ann" },
        { role: "ROLE_ASSISTANT", content: [{ toolCall: { id: "c1", name: "f", argumentsJson: '{"n":1.50}' } }] },
        { role: "ROLE_TOOL", content: [{ toolResult: { toolCallId: "c1", content: [{ json: '{"x":2.0}' }] } }] },
        { role: "ROLE_SYSTEM", text: "s2" },
      ],
      input: "and?",
      tools: [{ function: { name: "f" } }],
    });
    expect(JSON.stringify({ system: body.system, messages: body.messages })).toBe(
      JSON.stringify({
        system: [{ text: "s1" }, { text: "s2" }],
        messages: [
          { role: "user", content: [{ text: "a" }, { text: "b" }] },
          { role: "assistant", content: [{ toolUse: { toolUseId: "c1", name: "f", input: { n: 1.5 } } }] },
          {
            role: "user",
            content: [{ toolResult: { toolUseId: "c1", content: [{ json: { x: 2 } }] } }, { text: "and?" }],
          },
        ],
      })
        .replace('"n":1.5', '"n":1.50')
        .replace('"x":2', '"x":2.0'),
    );
  });

  test("reasoning goes back to models of its own vendor only, though others live at the same instance", () => {
    const thought = { reasoning: { text: "hm" }, signature: { provider: "bedrock.anthropic", value: "proof" } };
    const request = { messages: [{ role: "ROLE_ASSISTANT", content: [thought, { text: "a" }] }], input: "b" } as never;
    const said = { reasoningContent: { reasoningText: { text: "hm", signature: "proof" } } };
    expect(bodyOf(request, "us.anthropic.claude-sonnet-4-20250514-v1:0").messages[0]?.content).toEqual([
      said,
      { text: "a" },
    ]);
    expect(bodyOf(request, "amazon.nova-pro-v1:0").messages[0]?.content).toEqual([{ text: "a" }]);
    expect(warningsOf(request, "amazon.nova-pro-v1:0")).toEqual(["PART_DROPPED messages[0].content[0]"]);
  });

  test("what is lost is told", () => {
    const messages = [
      { role: "ROLE_USER", text: "a", name: "ann" },
      { role: "ROLE_ASSISTANT", content: [{ reasoning: { text: "unsigned" } }, { text: " " }, { text: "b" }] },
      { role: "ROLE_SYSTEM", text: "late" },
      { role: "ROLE_USER", text: "c" },
    ];
    expect(warningsOf({ messages })).toEqual([
      "SETTING_CHANGED messages[2]",
      "SETTING_IGNORED messages[0].name",
      "PART_DROPPED messages[1].content[0]",
      "PART_DROPPED messages[1].content[1]",
    ]);
  });

  test("results of tools: text, JSON that is no object, images, failures, nothing", () => {
    const call = (id: string) => ({ toolCall: { id, name: "f", argumentsJson: "" } });
    const result = (toolCallId: string, content: object[], isError = false) => ({
      toolResult: { toolCallId, content, isError },
    });
    const png = { media: { data: "iVBORw0KGgo=", mimeType: "image/png" } };
    const { messages } = bodyOf({
      messages: [
        { role: "ROLE_USER", text: "a" },
        { role: "ROLE_ASSISTANT", content: [call("c1"), call("c 2")] },
        { role: "ROLE_TOOL", content: [result("c1", [{ text: "t" }, { json: "[1]" }, png], true), result("c 2", [])] },
      ] as never,
      tools: [{ function: { name: "f" } }],
    });
    const image = { image: { format: "png", source: { bytes: "iVBORw0KGgo=" } } };
    expect(messages[2]?.content).toEqual([
      { toolResult: { toolUseId: "c1", content: [{ text: "t" }, { text: "[1]" }, image], status: "error" } },
      { toolResult: { toolUseId: expect.stringMatching(/^c_2_[0-9a-f]{8}$/), content: [] } },
    ]);
  });

  test("reasoning goes back with its signature to whom it came from, redacted too", () => {
    const said = (provider: string, value: string, reasoning: object) => ({
      reasoning,
      signature: { provider, value },
    });
    const content = [
      said("bedrock", "s1", { text: "because" }),
      said("bedrock", "", { encryptedContent: "AAEC" }),
      said("openai", "s2", { text: "foreign" }),
      { text: "b" },
    ];
    const json = {
      messages: [
        { role: "ROLE_USER", text: "a" },
        { role: "ROLE_ASSISTANT", content },
      ],
      input: "c",
    } as never;
    expect(bodyOf(json).messages[1]?.content).toEqual([
      { reasoningContent: { reasoningText: { text: "because", signature: "s1" } } },
      { reasoningContent: { redactedContent: "AAEC" } },
      { text: "b" },
    ]);
    expect(warningsOf(json)).toEqual(["PART_DROPPED messages[1].content[2]"]);
  });

  test("own blocks pass as they are; options go into a block, and not into text", () => {
    const json = '{"guardContent":{"text":{"text":"t","qualifiers":["query"]}}}';
    expect(
      contentOf(
        { providerPart: { provider: "bedrock", kind: "guardContent", json } },
        { document: { text: "d", title: "T" }, providerOptions: { bedrock: { context: "c" } } },
      ),
    ).toEqual([
      { guardContent: { text: { text: "t", qualifiers: ["query"] } } },
      { document: { format: "txt", name: "T", source: { bytes: "ZA==" }, context: "c" } },
    ]);
    expect(warningsOf(user({ text: "a", providerOptions: { bedrock: { x: 1 } } }))).toEqual([
      "SETTING_IGNORED messages[0].content[0].provider_options",
    ]);
    expect(refusal(user({ providerPart: { provider: "bedrock", kind: "x", json: '{"a":{},"b":{}}' } }))).toBe(
      "INVALID_REQUEST messages[0].content[0].provider_part.json",
    );
  });
});

describe("media", () => {
  test.each([
    ["image/jpg", "image", "jpeg"],
    ["application/pdf", "document", "pdf"],
    ["text/markdown", "document", "md"],
    ["text/x-python", "document", "txt"],
    ["video/3gpp", "video", "three_gp"],
    ["audio/mpeg", "audio", "mp3"],
  ])("%s goes as %s", (mimeType, kind, format) => {
    expect(contentOf({ media: { data: "AAAA", mimeType } })).toMatchObject([
      { [kind]: { format, source: { bytes: "AAAA" } } },
    ]);
  });

  test("a file in S3 goes by its address", () => {
    const file = (provider: string, fileId: string) =>
      user({ media: { providerFile: { provider, fileId }, mimeType: "video/mp4" } });
    expect(bodyOf(file("bedrock", "s3://bucket-1/a b.mp4")).messages[0]?.content).toEqual([
      { video: { format: "mp4", source: { s3Location: { uri: "s3://bucket-1/a b.mp4" } } } },
    ]);
    expect(refusal(file("bedrock", "file-1"))).toMatch(/^INVALID_REQUEST .*provider_file\.file_id$/);
    expect(refusal(file("openai", "s3://bucket-1/a"))).toMatch(/^CAPABILITY_UNSUPPORTED .*provider_file$/);
  });

  test("an address is to be fetched, and refused where it was not", () => {
    const attempt = attemptOf(user({ media: { uri: "https://a.test/x.png" } }));
    const part = attempt.call.request.messages[0]?.content[0]?.part;
    expect(part?.case === "media" && countedConverse.fetches?.(part.value, attempt)).toBe(true);
    expect(refusalOf(() => countedConverse.render(attempt))).toBe(
      "CAPABILITY_UNSUPPORTED messages[0].content[0].media.uri",
    );
    expect(contentOf({ media: { uri: "data:image/gif;base64,R0lGODlh" } })).toEqual([
      { image: { format: "gif", source: { bytes: "R0lGODlh" } } },
    ]);
  });

  test("other kinds are refused, sound in the result of a tool among them", () => {
    expect(refusal(user({ media: { data: "AAAA", mimeType: "image/tiff" } }))).toMatch(/^CAPABILITY_UNSUPPORTED/);
    const messages = [
      { role: "ROLE_ASSISTANT", content: [{ toolCall: { id: "c", name: "f" } }] },
      {
        role: "ROLE_TOOL",
        content: [{ toolResult: { toolCallId: "c", content: [{ media: { data: "AAAA", mimeType: "audio/wav" } }] } }],
      },
    ];
    expect(refusal({ messages })).toMatch(/^CAPABILITY_UNSUPPORTED .*tool_result\.content\[0\]\.media\.mime_type$/);
  });

  test("documents have different names of the letters that are taken", () => {
    const names = (...titles: string[]) =>
      (contentOf(...titles.map((title) => ({ document: { text: "d", title } }))) ?? []).map(
        (block) => (block["document"] as { name: string }).name,
      );
    expect(names("report.pdf", "report", "", "", "Über [1] (a)", "a_b  c/d", "日本")).toEqual([
      "report",
      "report (2)",
      "document",
      "document (2)",
      "Uber [1] (a)",
      "a-b c-d",
      "-",
    ]);
    expect(warningsOf(user({ document: { text: "d", title: "report.pdf" } }))).toEqual([]);
    expect(warningsOf(user({ document: { text: "d", title: "a/b" } }))).toEqual([
      "SETTING_CHANGED messages[0].content[0].document.title",
    ]);
  });

  test("a document has its origin and the wish to be cited", () => {
    const document = { media: { data: "JVBERg==", mimeType: "application/pdf" }, uri: "https://a.test", citable: true };
    expect(contentOf({ document })).toEqual([
      {
        document: {
          format: "pdf",
          name: "document",
          source: { bytes: "JVBERg==" },
          context: "Source: https://a.test",
          citations: { enabled: true },
        },
      },
    ]);
  });
});

describe("cache points", () => {
  const cached = (text: string, ttl?: string) => ({ text, cacheHint: ttl === undefined ? {} : { ttl } });

  test("stand behind tools, system and messages, with their time", () => {
    const body = bodyOf({
      messages: [
        { role: "ROLE_SYSTEM", content: [cached("s", "3600s")] },
        { role: "ROLE_USER", content: [cached("a", "300s"), cached("b")] },
      ],
      tools: [{ function: { name: "f" }, cacheHint: { ttl: "3600s" } }],
    });
    const point = (ttl?: string) => ({ cachePoint: { type: "default", ...(ttl && { ttl }) } });
    expect(body.toolConfig?.tools[1]).toEqual(point("1h"));
    expect(body.system).toEqual([{ text: "s" }, point("1h")]);
    expect(body.messages[0]?.content).toEqual([{ text: "a" }, point("5m"), { text: "b" }, point()]);
  });

  test("only the last four are sent, and none to models without a cache", () => {
    const json = user(...["a", "b", "c", "d", "e"].map((text) => cached(text)));
    expect(JSON.stringify(bodyOf(json)).match(/cachePoint/g)).toHaveLength(4);
    expect(warningsOf(json)).toEqual(["SETTING_IGNORED messages[0].content[0].cache_hint"]);
    expect(JSON.stringify(bodyOf(json, models.gptOss))).not.toContain("cachePoint");
    expect(warningsOf(json, models.gptOss)).toEqual(["SETTING_IGNORED messages[0].content[0].cache_hint"]);
  });
});

test("options of the request go where the API has them; what is the gateway's own is refused", () => {
  const guardrailConfig = { guardrailIdentifier: "g1", guardrailVersion: "DRAFT", trace: "enabled" };
  const options = (bedrock: object) => ({ input: "hi", topK: 5, providerOptions: { bedrock } }) as never;
  const more = { guardrailConfig, additionalModelRequestFields: { x: 1 }, performanceConfig: { latency: "optimized" } };
  expect(bodyOf(options(more), models.claude37)).toMatchObject({
    guardrailConfig,
    additionalModelRequestFields: { top_k: 5, x: 1 },
    performanceConfig: { latency: "optimized" },
  });
  for (const wrong of [
    { messages: [] },
    { additionalModelRequestFields: { messages: [] } },
    { additionalModelRequestFields: { max_tokens: 9 } },
    { inferenceConfig: { maxTokens: 9 } },
  ]) {
    expect(refusal(options(wrong))).toMatch(/^INVALID_REQUEST provider_options\./);
  }
});

test("service tiers are in the API's words", () => {
  const tier = (serviceTier: string) => [
    bodyOf({ input: "hi", serviceTier }).serviceTier?.type,
    ...warningsOf({ input: "hi", serviceTier }),
  ];
  expect(tier("priority")).toEqual(["priority"]);
  expect(tier("standard")).toEqual(["default", "SETTING_CHANGED service_tier"]);
  expect(tier("turbo")).toEqual([undefined, "SETTING_IGNORED service_tier"]);
});

test("tokens are counted for the model itself", () => {
  const { path, body } =
    countedConverse.count?.render(attemptOf({ input: "hi", temperature: 1 }, models.claude37)) ?? {};
  expect(path).toBe("/model/anthropic.claude-3-7-sonnet-20250219-v1%3A0/count-tokens");
  expect(body).toEqual({ input: { converse: { messages: [{ role: "user", content: [{ text: "hi" }] }] } } });
  expect(countedConverse.count?.read('{"inputTokens":7}').inputTokens).toBe(7);
  expect(refusalOf(() => countedConverse.count?.read("{}"))).toBe("PROVIDER_BAD_RESPONSE bad_count");
});

test("an ARN is one segment of the path", () => {
  expect(countedConverse.render(attemptOf({ input: "hi" }, models.profile, true)).path).toBe(
    "/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A123456789012%3Aapplication-inference-profile%2Fabc123def456/converse-stream",
  );
});
