import type { JsonObject } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Chunk } from "../../../src/model/chunk.ts";
import { gemini } from "../../../src/protocols/gemini/protocol.ts";
import { cutAt } from "../../conformance/cuts.ts";
import { answerOf, completionOf, errorOf } from "../../support/dialect.ts";
import {
  aim,
  array,
  body,
  contentOf,
  response,
  sse,
  stop,
  streamed,
  streaming,
  unary,
  usage,
  whole,
} from "./responses.ts";

describe("a stream", () => {
  const events = [
    response([{ text: "think", thought: true }], {}, usage(0)),
    response([{ text: "Hé" }], {}, usage(1)),
    response([{ text: "llo 🌍" }]),
    response([{ functionCall: { name: "f", args: { b: 1, a: "x" } }, thoughtSignature: "c2ln" }]),
    response([{ text: "" }], stop, usage(9)),
  ];
  const expected = {
    message: {
      role: "ROLE_ASSISTANT",
      content: [
        { reasoning: { text: "think" }, signature: { provider: "gemini" } },
        { text: "Héllo 🌍" },
        {
          toolCall: { id: "call_0", name: "f", argumentsJson: '{"b":1,"a":"x"}' },
          signature: { provider: "gemini", value: "c2ln" },
        },
      ],
    },
    finishReason: "FINISH_REASON_TOOL_CALLS",
    nativeFinishReason: "STOP",
    usage: expect.objectContaining({ inputTokens: 5, outputTokens: 9 }),
  };

  test.each([
    ["events", sse(...events)],
    ["an array", array(...events)],
  ])("is the same however it is cut, as %s", (_, bytes) => {
    const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });
    fc.assert(
      fc.property(shares, (cuts) => {
        const at = cuts.map((share) => Math.floor(share * bytes.length)).sort((a, b) => a - b);
        expect(answerOf(gemini, streaming, cutAt(bytes, at))).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });

  test.each([
    ["events", sse(...events.slice(0, -1))],
    ["an array", array(...events.slice(0, -1))],
    ["an array that is not closed", array(...events.slice(0, 2)).subarray(0, -2)],
  ])("without a reason for its end is truncated, as %s", (_, bytes) => {
    const error = errorOf(() => answerOf(gemini, streaming, [bytes]));
    expect([error.reason, error.info["cause"]]).toEqual(["STREAM_INTERRUPTED", "truncated"]);
  });

  test("that says why it ends is whole, even if its array is not closed", () => {
    expect(answerOf(gemini, streaming, [array(...events).subarray(0, -1)])).toEqual(expected);
  });

  test("yields nothing but usage before its first content", () => {
    const out: Chunk[] = [];
    gemini.read(streaming).push(sse({ usageMetadata: { trafficType: "ON_DEMAND" } }, response([], {}, usage(0))), out);
    expect(out.map((chunk) => chunk.case)).toEqual(["usage"]);
  });

  test("tells its usage as it begins, and whenever the output has grown by a quarter", () => {
    const out: Chunk[] = [];
    const counts = [0, 0, 8, 9, 10, 12, 13];
    gemini.read(streaming).push(sse(...counts.map((count) => response([{ text: "a" }], {}, usage(count)))), out);
    const told = out.flatMap((chunk) => (chunk.case === "usage" ? [chunk.value.usage?.outputTokens] : []));
    expect(told).toEqual([0, 8, 10, 13]);
  });

  test("does not end a chunk within a character", () => {
    const [high, low] = ["\ud83c", "\udf0d"];
    expect(contentOf(streamed(response([{ text: high }]), response([{ text: low }], stop)))).toEqual([{ text: "🌍" }]);
  });
});

describe("signatures", () => {
  const signed = (value: string) => ({ provider: "gemini", value });

  test.each([
    [
      "cover the text before them",
      [{ text: "a" }, { text: "", thoughtSignature: "s" }],
      [{ text: "a", signature: signed("s") }],
    ],
    [
      "begin an empty text where there is none",
      [{ functionCall: { name: "f" } }, { text: "", thoughtSignature: "s" }],
      [{ toolCall: { id: "call_0", name: "f", argumentsJson: "{}" } }, { text: "", signature: signed("s") }],
    ],
    [
      "do not cover thoughts",
      [
        { text: "hm", thought: true },
        { text: "", thoughtSignature: "s" },
      ],
      [
        { reasoning: { text: "hm" }, signature: { provider: "gemini" } },
        { text: "", signature: signed("s") },
      ],
    ],
    [
      "of thoughts",
      [{ text: "hm", thought: true, thoughtSignature: "s" }],
      [{ reasoning: { text: "hm" }, signature: signed("s") }],
    ],
  ])("%s", (_, parts, content) => {
    expect(contentOf(whole(response(parts, stop)))).toEqual(content);
  });
});

describe("parts", () => {
  test("arguments keep their numbers, and ids are unique", () => {
    const text =
      '{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"n":1.0,"m":12345678901234567890},"id":"x"}},{"functionCall":{"name":"f","args":{},"id":"x"}}]},"finishReason":"STOP"}]}';
    expect(contentOf(answerOf(gemini, unary, [Buffer.from(text)]) as JsonObject)).toEqual([
      { toolCall: { id: "x", name: "f", argumentsJson: '{"n":1.0,"m":12345678901234567890}' } },
      { toolCall: { id: "call_0", name: "f", argumentsJson: "{}" } },
    ]);
  });

  test("media and parts of the provider's own come whole", () => {
    const code = { executableCode: { language: "PYTHON", code: "1" }, thoughtSignature: "s" };
    const image = { inlineData: { mimeType: "image/png", data: "iVBO" }, thoughtSignature: "s" };
    expect(contentOf(whole(response([{ text: "a" }, code, image, { partMetadata: {} }], stop)))).toEqual([
      { text: "a" },
      { providerPart: { provider: "gemini", kind: "executableCode", json: JSON.stringify(code) } },
      { media: { data: "iVBO", mimeType: "image/png" }, signature: { provider: "gemini", value: "s" } },
    ]);
  });

  test("hidden thoughts stay hidden", () => {
    const attempt = completionOf({ input: "hi", reasoning: { hideText: true } }, aim);
    const answer = answerOf(gemini, attempt, body(response([{ text: "hm", thought: true }, { text: "a" }], stop)));
    expect(contentOf(answer as JsonObject)).toEqual([{ text: "a" }]);
  });

  test("too many, and arguments in pieces, are no answer", () => {
    const calls = Array.from({ length: 1025 }, () => ({ functionCall: { name: "f" } }));
    expect(errorOf(() => whole(response(calls, stop))).info).toMatchObject({ cause: "parts_limit" });
    const partial = { functionCall: { name: "f", partialArgs: [{}], willContinue: true } };
    expect(errorOf(() => whole(response([partial], stop))).info).toMatchObject({ cause: "partial_arguments" });
  });

  test("tokens have probabilities", () => {
    const token = (text: string, logProbability: number) => ({ token: text, logProbability });
    const logprobsResult = {
      chosenCandidates: [token("a", -0.5), token("b", -1)],
      topCandidates: [{ candidates: [token("a", -0.5), token("x", -2)] }],
    };
    expect(whole(response([{ text: "ab" }], { ...stop, logprobsResult }))["logprobs"]).toEqual([
      { token: "a", logprob: -0.5, alternatives: [{ token: "x", logprob: -2 }] },
      { token: "b", logprob: -1 },
    ]);
  });
});

describe("the end", () => {
  test.each([
    ["STOP", "FINISH_REASON_STOP"],
    ["MAX_TOKENS", "FINISH_REASON_MAX_TOKENS"],
    ["SAFETY", "FINISH_REASON_CONTENT_FILTER"],
    ["RECITATION", "FINISH_REASON_CONTENT_FILTER"],
    ["PROHIBITED_CONTENT", "FINISH_REASON_CONTENT_FILTER"],
    ["MALFORMED_FUNCTION_CALL", "FINISH_REASON_MALFORMED_TOOL_CALL"],
    ["UNEXPECTED_TOOL_CALL", "FINISH_REASON_MALFORMED_TOOL_CALL"],
    ["LUNAR", "FINISH_REASON_OTHER"],
  ])("%s", (finishReason, meaning) => {
    expect(whole(response([{ text: "a" }], { finishReason }))).toMatchObject({
      finishReason: meaning,
      nativeFinishReason: finishReason,
    });
  });

  test("as a number of Vertex AI", () => {
    expect(whole(response([{ text: "a" }], { finishReason: 9 }))).toMatchObject({
      finishReason: "FINISH_REASON_MALFORMED_TOOL_CALL",
      nativeFinishReason: "MALFORMED_FUNCTION_CALL",
    });
    expect(errorOf(() => whole(response([{ text: "a" }], { finishReason: 0 }))).info).toEqual({
      cause: "missing_finish_reason",
    });
  });

  test("usage takes in thoughts and what tools brought", () => {
    const usageMetadata = {
      promptTokenCount: 10,
      cachedContentTokenCount: 4,
      candidatesTokenCount: 3,
      thoughtsTokenCount: 20,
      toolUsePromptTokenCount: 7,
      promptTokensDetails: [
        { modality: "TEXT", tokenCount: 6 },
        { modality: "AUDIO", tokenCount: 4 },
      ],
      toolUsePromptTokensDetails: [{ modality: "TEXT", tokenCount: 7 }],
      candidatesTokensDetails: [{ modality: "TEXT", tokenCount: 3 }],
      trafficType: "ON_DEMAND_PRIORITY",
    };
    expect(whole(response([{ text: "a" }], stop, { usageMetadata }))["usage"]).toMatchObject({
      inputTokens: 17,
      outputTokens: 23,
      cacheReadTokens: 4,
      reasoningTokens: 20,
      serviceTier: "ON_DEMAND_PRIORITY",
      byModality: [
        { modality: "MODALITY_TEXT", inputTokens: 13, outputTokens: 3 },
        { modality: "MODALITY_AUDIO", inputTokens: 4 },
      ],
    });
  });
});
