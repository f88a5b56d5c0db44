import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { countedClaude, invokedClaude } from "../../../src/protocols/invoke/claude.ts";
import { folded, piecesOf } from "../../support/dialect.ts";
import { attemptOf, event, exception, models, refusalOf } from "../converse/attempt.ts";

const render = (json: JsonObject, stream = false) => invokedClaude.render(attemptOf(json, models.claude37, stream));
const chunk = (said: object) => event("chunk", { bytes: Buffer.from(JSON.stringify(said)).toString("base64") });
const read = (pieces: readonly Buffer[]) =>
  piecesOf(invokedClaude.read(attemptOf({ input: "hi" }, models.claude37, true)), pieces);

const said = [
  { type: "message_start", message: { model: "claude-3-7", usage: { input_tokens: 3, output_tokens: 1 } } },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hello" } },
  { type: "content_block_stop", index: 0 },
  { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 2 } },
  { type: "message_stop", "amazon-bedrock-invocationMetrics": { inputTokenCount: 3 } },
];

describe("the request", () => {
  test("names the model and the stream in the path, the version and betas in the body", () => {
    const providerOptions = { anthropic: { anthropic_beta: ["one", "two"] } };
    const { path, body, headers, warnings } = render({ input: "hi", maxOutputTokens: 9, providerOptions }, true);
    expect(path).toBe(`/model/${encodeURIComponent(models.claude37)}/invoke-with-response-stream`);
    expect(body).toEqual({
      anthropic_version: "bedrock-2023-05-31",
      anthropic_beta: ["one", "two"],
      messages: [{ role: "user", content: [{ type: "text", text: "hi" }] }],
      max_tokens: 9,
    });
    expect([headers, warnings]).toEqual([{}, []]);
    expect(render({ input: "hi" }).path).toMatch(/\/invoke$/);
  });

  test("asks for a tier in a header", () => {
    const { body, headers, warnings } = render({ input: "hi", serviceTier: "priority" });
    expect(headers).toEqual({ "x-amzn-bedrock-service-tier": "priority" });
    expect("service_tier" in body).toBe(false);
    expect(warnings).toEqual([]);
    expect(render({ input: "hi", serviceTier: "standard" }).warnings).toMatchObject([{ field: "service_tier" }]);
  });

  test("is counted as the bytes of itself", () => {
    const { path, body } = countedClaude.count?.render(attemptOf({ input: "hi" }, models.claude37)) ?? {};
    expect(path).toBe("/model/anthropic.claude-3-7-sonnet-20250219-v1%3A0/count-tokens");
    const { body: bytes } = (body as { input: { invokeModel: { body: string } } }).input.invokeModel;
    expect(JSON.parse(Buffer.from(bytes, "base64").toString())).toEqual(render({ input: "hi" }).body);
  });

  test("refuses what only Anthropic's own API takes: addresses and its files, wherever they stand", () => {
    const png = { uri: "https://a.test/x.png" };
    const file = { providerFile: { provider: "anthropic", fileId: "f" }, mimeType: "application/pdf" };
    const result = { toolResult: { toolCallId: "c", content: [{ text: "t" }, { media: png }] } };
    const places: readonly [object, string][] = [
      [{ media: png }, "messages[0].content[0].media.uri"],
      [{ media: file }, "messages[0].content[0].media.provider_file"],
      [{ document: { media: file } }, "messages[0].content[0].document.media.provider_file"],
      [result, "messages[0].content[0].tool_result.content[1].media.uri"],
    ];
    for (const [part, field] of places) {
      const json = { messages: [{ content: [part] }] } as JsonObject;
      expect(refusalOf(() => render(json))).toBe(`CAPABILITY_UNSUPPORTED ${field}`);
    }
    expect(
      render({ messages: [{ content: [{ media: { data: "iVBORw0KGgo=", mimeType: "image/png" } }] }] }).warnings,
    ).toEqual([]);
  });
});

describe("the answer", () => {
  test("is Anthropic's, in AWS's frames", () => {
    const response = folded(read(said.map(chunk)));
    expect(response).toMatchObject({
      message: { content: [{ part: { case: "text", value: "Hello" } }] },
      nativeFinishReason: "end_turn",
      usage: { inputTokens: 3, outputTokens: 2 },
    });
  });

  test("tells failures of both", () => {
    const head = said.slice(0, 3).map(chunk);
    expect(refusalOf(() => read(head))).toBe("STREAM_INTERRUPTED truncated");
    expect(refusalOf(() => read([...head, exception("throttlingException", { message: "x" })]))).toBe(
      "PROVIDER_RATE_LIMITED ",
    );
    const overloaded = chunk({ type: "error", error: { type: "overloaded_error", message: "x" } });
    expect(refusalOf(() => read([overloaded]))).toBe("PROVIDER_OVERLOADED ");
    expect(refusalOf(() => read([event("chunk", {})]))).toBe("PROVIDER_BAD_RESPONSE bad_chunk");
    expect(refusalOf(() => read([event("chunk", { bytes: "!" })]))).toBe("PROVIDER_BAD_RESPONSE bad_json");
  });

  test("events of another kind say nothing", () => {
    expect(folded(read([event("news", {}), ...said.map(chunk)])).nativeFinishReason).toBe("end_turn");
  });
});
