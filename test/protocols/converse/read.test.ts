import { toJson } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CompleteResponseSchema, FinishReason } from "../../../gen/llmhub/v1/completion_pb.ts";
import { countedConverse } from "../../../src/protocols/converse/protocol.ts";
import { cutAt } from "../../conformance/cuts.ts";
import { type ModelAnswer, modelAnswers } from "../../conformance/wire-answer.ts";
import { folded, piecesOf } from "../../support/dialect.ts";
import { answered, attemptOf, delta, ending, event, failing, start, stop, streamed, whole } from "./attempt.ts";

const plain = (response: Parameters<typeof toJson<typeof CompleteResponseSchema>>[1]) =>
  toJson(CompleteResponseSchema, response);
const contentOf = (response: ReturnType<typeof streamed>) =>
  (plain(response) as { message?: { content: object[] } }).message?.content;

/** An answer as the API streams it and as it sends it in one body. */
function asConverse({ parts, inputTokens, outputTokens, stop: reason }: ModelAnswer) {
  const called = parts.some(({ kind }) => kind === "tool");
  const stopReason = reason === "length" ? "max_tokens" : called ? "tool_use" : "end_turn";
  const usage = { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens };
  const content = parts.map(({ kind, pieces }, i) => {
    const text = pieces.join("");
    if (kind === "text") return { text };
    if (kind === "reasoning") return { reasoningContent: { reasoningText: { text, signature: `sig${i}` } } };
    return { toolUse: { toolUseId: `t${i}`, name: `f${i}`, input: JSON.parse(text) } };
  });
  const events = parts.flatMap(({ kind, pieces }, i) => [
    ...(kind === "tool" ? [start(i, { toolUse: { toolUseId: `t${i}`, name: `f${i}` } })] : []),
    ...pieces.map((text) =>
      delta(
        i,
        kind === "text" ? { text } : kind === "tool" ? { toolUse: { input: text } } : { reasoningContent: { text } },
      ),
    ),
    ...(kind === "reasoning" ? [delta(i, { reasoningContent: { signature: `sig${i}` } })] : []),
    stop(i),
  ]);
  return {
    whole: whole(content, { stopReason, usage }),
    streamed: Buffer.concat([
      event("messageStart", { role: "assistant" }),
      ...events,
      ...ending(stopReason, { usage }),
    ]),
  };
}

test("the events of a stream add up to the whole answer, however they are cut", () => {
  const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });
  fc.assert(
    fc.property(modelAnswers, shares, (answer, cuts) => {
      const { whole: body, streamed: stream } = asConverse(answer);
      const at = cuts.map((share) => Math.floor(share * stream.length)).sort((a, b) => a - b);
      const reader = countedConverse.read(attemptOf({ input: "hi" }, undefined, true));
      expect(plain(folded(piecesOf(reader, cutAt(stream, at))))).toEqual(plain(answered(body)));
    }),
    { numRuns: 150 },
  );
});

describe("content", () => {
  test("redacted reasoning, beside what is signed", () => {
    const signed = [
      { reasoning: { text: "a" }, signature: { provider: "bedrock", value: "s" } },
      { reasoning: { encryptedContent: "AAECAw==" }, signature: { provider: "bedrock" } },
    ];
    const reasoning = (piece: object) => ({ reasoningContent: piece });
    const blocks = [
      reasoning({ reasoningText: { text: "a", signature: "s" } }),
      reasoning({ redactedContent: "AAECAw==" }),
    ];
    expect(contentOf(answered(whole(blocks)))).toEqual(signed);
    const pieces = [
      delta(0, reasoning({ text: "a" })),
      delta(0, reasoning({ signature: "s" })),
      stop(0),
      delta(1, reasoning({ redactedContent: "AAE=" })),
      delta(1, reasoning({ redactedContent: "AgM=" })),
      stop(1),
    ];
    expect(contentOf(streamed([...pieces, ...ending()]))).toEqual(signed);
  });

  test("hidden reasoning leaves its signature", () => {
    const events = [
      delta(0, { reasoningContent: { text: "a" } }),
      delta(0, { reasoningContent: { signature: "s" } }),
      stop(0),
    ];
    const json = { input: "hi", reasoning: { hideText: true, effort: "low" } };
    expect(contentOf(streamed([...events, ...ending()], json))).toEqual([
      { reasoning: {}, signature: { provider: "bedrock", value: "s" } },
    ]);
  });

  test("a call keeps its numbers, has {} where it has no input, and an id of its own", () => {
    const use = (id: string, input: string) => `{"toolUse":{"toolUseId":"${id}","name":"f","input":${input}}}`;
    const body = `{"output":{"message":{"content":[${use("a", '{"n":1.50,"i":12345678901234567890}')},${use("a", "{}")}]}},"stopReason":"tool_use"}`;
    expect(contentOf(answered(Buffer.from(body)))).toEqual([
      { toolCall: { id: "a", name: "f", argumentsJson: '{"n":1.50,"i":12345678901234567890}' } },
      { toolCall: { id: "call_0", name: "f", argumentsJson: "{}" } },
    ]);
    const events = [
      start(0, { toolUse: { toolUseId: "a", name: "f" } }),
      delta(0, { toolUse: { input: "" } }),
      stop(0),
    ];
    expect(contentOf(streamed([...events, ...ending("tool_use")]))).toEqual([
      { toolCall: { id: "a", name: "f", argumentsJson: "{}" } },
    ]);
  });

  test("citations name the documents of the request, or the page", () => {
    const document = (documentId: string) => ({ document: { text: "d", documentId } });
    const json = { messages: [{ content: [document("doc-1"), document("")] }] } as never;
    const cite = (location: object, title = "") => ({ title, sourceContent: [{ text: "c" }], location });
    const citations = [
      cite({ documentChar: { documentIndex: 0, start: 1, end: 2 } }, "T"),
      cite({ documentPage: { documentIndex: 1, start: 3, end: 4 } }),
      cite({ web: { url: "https://a.test", domain: "a.test" } }),
    ];
    const cited = [
      {
        text: "x",
        citations: [
          { documentId: "doc-1", title: "T", citedText: "c" },
          { documentId: "#1", citedText: "c", page: 3 },
          { uri: "https://a.test", citedText: "c" },
        ],
      },
    ];
    expect(contentOf(answered(whole([{ citationsContent: { content: [{ text: "x" }], citations } }]), json))).toEqual(
      cited,
    );
    const events = [delta(0, { text: "x" }), ...citations.map((citation) => delta(0, { citation })), stop(0)];
    expect(contentOf(streamed([...events, ...ending()], json))).toEqual(cited);
  });

  test("images, and tools that the provider ran", () => {
    const bytes = Buffer.from("png").toString("base64");
    const use = { toolUseId: "s1", name: "nova_grounding", type: "server_tool_use" };
    const result = { toolUseId: "s1", type: "nova_grounding_result", status: "success" };
    const blocks = [
      { image: { format: "png", source: { bytes } } },
      { toolUse: { ...use, input: { q: "x" } } },
      { toolResult: { ...result, content: [{ json: { r: 1 } }] } },
    ];
    const own = (kind: string, block: object | undefined) => ({
      providerPart: { provider: "bedrock", kind, json: JSON.stringify(block) },
    });
    const expected = [
      { media: { data: bytes, mimeType: "image/png" } },
      own("toolUse", blocks[1]),
      own("toolResult", blocks[2]),
    ];
    expect(contentOf(answered(whole(blocks)))).toEqual(expected);
    const events = [
      start(0, { image: { format: "png" } }),
      delta(0, { image: { source: { bytes } } }),
      stop(0),
      start(1, { toolUse: use }),
      delta(1, { toolUse: { input: '{"q":"x"}' } }),
      stop(1),
      start(2, { toolResult: result }),
      delta(2, { toolResult: [{ json: { r: 1 } }] }),
      stop(2),
    ];
    expect(contentOf(streamed([...events, ...ending()]))).toEqual(expected);
  });

  test("blocks that nobody ended are ended", () => {
    expect(contentOf(streamed([delta(0, { text: "a" }), delta(1, { text: "b" }), ...ending()]))).toEqual([
      { text: "a" },
      { text: "b" },
    ]);
  });
});

describe("the end", () => {
  test.each([
    ["end_turn", FinishReason.STOP],
    ["stop_sequence", FinishReason.STOP_SEQUENCE],
    ["max_tokens", FinishReason.MAX_TOKENS],
    ["model_context_window_exceeded", FinishReason.CONTEXT_WINDOW],
    ["tool_use", FinishReason.TOOL_CALLS],
    ["malformed_tool_use", FinishReason.MALFORMED_TOOL_CALL],
    ["guardrail_intervened", FinishReason.CONTENT_FILTER],
    ["content_filtered", FinishReason.CONTENT_FILTER],
    ["something_new", FinishReason.OTHER],
  ])("%s", (stopReason, finishReason) => {
    expect(answered(whole([{ text: "a" }], { stopReason }))).toMatchObject({
      finishReason,
      nativeFinishReason: stopReason,
    });
  });

  test("the sequence that stopped it, and what the provider tells besides", () => {
    const fields = { additionalModelResponseFields: { stop_sequence: "x" } };
    const { stopSequence, providerMetadata } = streamed([
      delta(0, { text: "a" }),
      event("messageStop", { stopReason: "stop_sequence", ...fields }),
      event("metadata", { metrics: { latencyMs: 7 }, trace: { guardrail: { a: 1 } } }),
    ]);
    expect({ stopSequence, providerMetadata }).toEqual({
      stopSequence: "x",
      providerMetadata: { bedrock: { metrics: { latencyMs: 7 }, trace: { guardrail: { a: 1 } }, ...fields } },
    });
  });

  test("usage takes the cache in, and tells what served the call", () => {
    const usage = {
      inputTokens: 10,
      outputTokens: 5,
      cacheReadInputTokens: 100,
      cacheWriteInputTokens: 50,
      cacheDetails: [
        { ttl: "1h", inputTokens: 30 },
        { ttl: "5m", inputTokens: 20 },
      ],
    };
    expect(answered(whole([{ text: "a" }], { usage, serviceTier: { type: "flex" } })).usage).toMatchObject({
      inputTokens: 160,
      outputTokens: 5,
      cacheReadTokens: 100,
      cacheWriteTokens: 50,
      cacheWrite1hTokens: 30,
      serviceTier: "flex",
    });
    const served = (more: object) => answered(whole([{ text: "a" }], more)).usage?.serviceTier;
    expect(served({ serviceTier: { type: "default" } })).toBe("");
    expect(served({ performanceConfig: { latency: "optimized" } })).toBe("optimized");
  });

  test("messageStop is enough; without it the stream broke off", () => {
    const { usage, finishReason } = streamed([
      delta(0, { text: "a" }),
      event("messageStop", { stopReason: "end_turn" }),
    ]);
    expect({ usage, finishReason }).toEqual({ usage: undefined, finishReason: FinishReason.STOP });
    expect(failing([delta(0, { text: "a" }), stop(0)])).toBe("STREAM_INTERRUPTED truncated");
    expect(failing([event("metadata", {})])).toBe("STREAM_INTERRUPTED truncated");
    expect(failing([delta(0, { text: "a" }).subarray(0, 40)])).toBe("STREAM_INTERRUPTED truncated");
  });

  test("what comes after the end is ignored", () => {
    expect(contentOf(streamed([delta(0, { text: "a" }), ...ending(), delta(0, { text: "b" })]))).toEqual([
      { text: "a" },
    ]);
  });
});
