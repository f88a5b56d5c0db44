import type { JsonObject } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GatewayError } from "../../../src/model/error.ts";
import { cohere } from "../../../src/protocols/cohere/protocol.ts";
import { cutAt } from "../../conformance/cuts.ts";
import { answerOf, completionOf, errorOf, piecesOf } from "../../support/dialect.ts";

const aim = { provider: "cohere", model: "command-a" };
const asked = {
  messages: [{ content: [{ text: "q" }, { document: { text: "1" } }, { document: { text: "2", documentId: "two" } }] }],
};
const sse = (...events: object[]) => Buffer.from(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""));
const streamed = (reads: readonly Buffer[], json: JsonObject = asked) =>
  answerOf(cohere, completionOf(json, { ...aim, stream: true }), reads);
const whole = (body: object, json: JsonObject = asked) =>
  answerOf(cohere, completionOf(json, aim), [Buffer.from(JSON.stringify(body))]);

const message = (type: string, said: object, rest: object = {}) => ({ type, delta: { message: said }, ...rest });
const start = (index: number, type: string) => message("content-start", { content: { type, [type]: "" } }, { index });
const grow = (index: number, content: object, rest: object = {}) =>
  message("content-delta", { content }, { index, ...rest });
const end = (index: number) => ({ type: "content-end", index });
const usage = {
  billed_units: { input_tokens: 3, output_tokens: 2 },
  tokens: { input_tokens: 90, output_tokens: 5, reasoning_tokens: 1 },
};
const ending = (finish_reason: string, rest: object = {}) => ({
  type: "message-end",
  delta: { finish_reason, usage, ...rest },
});
const cited = (start_: number, end_: number, ids: string[], rest: object = {}) => ({
  start: start_,
  end: end_,
  text: "x",
  sources: ids.map((id) => ({ type: "document", id, document: { id, title: `T${id}`, text: "long" } })),
  type: "TEXT_CONTENT",
  content_index: 1,
  ...rest,
});
const opening = { type: "message-start", id: "i", delta: { message: { role: "assistant", content: [] } } };

const full = sse(
  opening,
  start(0, "thinking"),
  grow(0, { thinking: "hm " }),
  grow(0, { thinking: "well" }),
  end(0),
  start(1, "text"),
  grow(1, { text: "grü" }, { logprobs: { text: "grü", token_ids: [1, 2], logprobs: [-1, -2] } }),
  grow(1, { text: "ße 😀!" }),
  end(1),
  message("citation-start", { citations: cited(6, 7, ["#0", "two"]) }),
  { type: "citation-end", index: 0 },
  message("citation-start", { citations: cited(0, 1, ["two"], { type: "PLAN" }) }),
  message("tool-plan-delta", { tool_plan: "I will" }),
  message("tool-plan-delta", { tool_plan: " call" }),
  message(
    "tool-call-start",
    { tool_calls: { id: "c1", type: "function", function: { name: "f", arguments: "" } } },
    { index: 0 },
  ),
  message("tool-call-delta", { tool_calls: { function: { arguments: '{"n": ' } } }, { index: 0 }),
  message(
    "tool-call-start",
    { tool_calls: { id: "c1", type: "function", function: { name: "g", arguments: "" } } },
    { index: 1 },
  ),
  message("tool-call-delta", { tool_calls: { function: { arguments: "1.0}" } } }, { index: 0 }),
  message("tool-call-delta", { tool_calls: { function: { arguments: "{}" } } }, { index: 1 }),
  { type: "tool-call-end", index: 0 },
  { type: "tool-call-end", index: 1 },
  ending("TOOL_CALL"),
);
const told = {
  finishReason: "FINISH_REASON_TOOL_CALLS",
  nativeFinishReason: "TOOL_CALL",
  usage: { inputTokens: 3, outputTokens: 2, reasoningTokens: 1, source: "USAGE_SOURCE_PROVIDER", native: usage },
};
const thought = { reasoning: { text: "hm well" }, signature: { provider: "cohere" } };
const plan = { reasoning: { text: "I will call" }, signature: { provider: "cohere", value: "tool_plan" } };
const text = {
  text: "grüße 😀!",
  citations: [
    { documentId: "#0", title: "T#0", startCodePoint: 6, endCodePoint: 7 },
    { documentId: "two", title: "Ttwo", startCodePoint: 6, endCodePoint: 7 },
  ],
};
const calls = [
  { toolCall: { id: "c1", name: "f", argumentsJson: '{"n": 1.0}' } },
  { toolCall: { id: "call_0", name: "g", argumentsJson: "{}" } },
];

test("a stream is the same however it is cut", () => {
  const expected = {
    message: { role: "ROLE_ASSISTANT", content: [thought, text, plan, ...calls] },
    ...told,
    logprobs: [{ token: "grü", logprob: -3 }],
  };
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: full.length })), (cuts) => {
      expect(
        streamed(
          cutAt(
            full,
            cuts.sort((a, b) => a - b),
          ),
        ),
      ).toEqual(expected);
    }),
  );
});

test("a whole answer says the same", () => {
  const body = {
    id: "i",
    message: {
      role: "assistant",
      tool_plan: "I will call",
      content: [
        { type: "thinking", thinking: "hm well" },
        { type: "text", text: "grüße 😀!" },
      ],
      tool_calls: [
        { id: "c1", type: "function", function: { name: "f", arguments: '{"n": 1.0}' } },
        { id: "c1", type: "function", function: { name: "g", arguments: "{}" } },
      ],
      citations: [cited(6, 7, ["#0", "two"], { content_index: undefined })],
    },
    finish_reason: "TOOL_CALL",
    usage,
    logprobs: [{ text: "grü", token_ids: [1], logprobs: [-3] }],
  };
  expect(whole(body)).toEqual({
    message: { role: "ROLE_ASSISTANT", content: [thought, plan, text, ...calls] },
    ...told,
    logprobs: [{ token: "grü", logprob: -3 }],
  });
});

test("hidden reasoning stays out", () => {
  expect(streamed([full], { ...asked, reasoning: { hideText: true } })).toMatchObject({
    message: { content: [text, {}, {}] },
  });
});

test("two blocks of text are two parts, each with its own citations", () => {
  const body = {
    message: {
      content: [
        { type: "text", text: "a" },
        { type: "text", text: "b" },
      ],
      citations: [cited(0, 1, ["two"])],
    },
    finish_reason: "COMPLETE",
  };
  const content = [
    { text: "a" },
    { text: "b", citations: [{ documentId: "two", title: "Ttwo", endCodePoint: 1, startCodePoint: 0 }] },
  ];
  expect(whole(body)).toMatchObject({ message: { content } });
});

test("results of tools are cited by the id of the API", () => {
  const source = { type: "tool", id: "f_1:0", tool_output: {} };
  const body = {
    message: { content: [{ type: "text", text: "a" }], citations: [{ start: 0, end: 1, sources: [source] }] },
    finish_reason: "COMPLETE",
  };
  expect(whole(body)).toMatchObject({ message: { content: [{ citations: [{ documentId: "f_1:0" }] }] } });
});

test.each([
  ["COMPLETE", "FINISH_REASON_STOP"],
  ["STOP_SEQUENCE", "FINISH_REASON_STOP_SEQUENCE"],
  ["MAX_TOKENS", "FINISH_REASON_MAX_TOKENS"],
  ["TOOL_CALL", "FINISH_REASON_TOOL_CALLS"],
  ["NOVEL", "FINISH_REASON_OTHER"],
])("%s is %s", (reason, finishReason) => {
  expect(streamed([sse(opening, ending(reason))])).toMatchObject({ finishReason, nativeFinishReason: reason });
});

test("what is billed counts, and nothing where nothing is told", () => {
  const counted = (own: object) => whole({ message: {}, finish_reason: "COMPLETE", usage: own });
  expect(counted({ tokens: { input_tokens: 9, output_tokens: 4 } })).toMatchObject({
    usage: { inputTokens: 9, outputTokens: 4 },
  });
  expect(counted({})).not.toHaveProperty("usage");
});

describe("is refused", () => {
  test.each<[string, Buffer, string, JsonObject]>([
    ["nothing", Buffer.from(" "), "PROVIDER_BAD_RESPONSE", { cause: "empty" }],
    ["a page", Buffer.from("<html>"), "PROVIDER_BAD_RESPONSE", { cause: "not_sse" }],
    ["no JSON", Buffer.from("data: x\n\n"), "PROVIDER_BAD_RESPONSE", { cause: "bad_json" }],
    [
      "a cut stream",
      sse(opening, start(0, "text"), grow(0, { text: "a" })),
      "STREAM_INTERRUPTED",
      { cause: "truncated" },
    ],
    ["no more than its marker", Buffer.from("data: [DONE]\n\n"), "STREAM_INTERRUPTED", { cause: "truncated" }],
    [
      "an end without a reason",
      sse({ type: "message-end", delta: {} }),
      "PROVIDER_BAD_RESPONSE",
      { cause: "missing_finish_reason" },
    ],
    [
      "a call without a name",
      sse(message("tool-call-start", { tool_calls: {} })),
      "PROVIDER_BAD_RESPONSE",
      { cause: "tool_call_without_name" },
    ],
    [
      "more of no call",
      sse(message("tool-call-delta", {}, { index: 3 })),
      "PROVIDER_BAD_RESPONSE",
      { cause: "unknown_tool_call" },
    ],
    [
      "an error, first",
      sse({ id: "r1", message: "internal server error" }),
      "PROVIDER_UNAVAILABLE",
      { upstreamRequestId: "r1" },
    ],
    ["an error alone", Buffer.from('{"message":"too many tokens: x"}'), "CONTEXT_LENGTH_EXCEEDED", {}],
    ["a failure", sse(ending("ERROR")), "PROVIDER_UNAVAILABLE", { upstreamCode: "ERROR" }],
    [
      "a wrong tool call",
      sse(ending("ERROR", { error_type: "INVALID_TOOL_GENERATION" })),
      "PROVIDER_BAD_RESPONSE",
      { upstreamCode: "INVALID_TOOL_GENERATION" },
    ],
    ["a timeout", sse(ending("TIMEOUT")), "PROVIDER_TIMEOUT", { upstreamCode: "TIMEOUT" }],
  ])("%s", (_name, body, reason, info) => {
    expect(errorOf(() => streamed([body]))).toMatchObject({ reason, info });
  });

  test("a whole answer that is none", () => {
    expect(errorOf(() => whole({})).info["cause"]).toBe("missing_message");
    expect(errorOf(() => whole({ message: "internal server error" })).reason).toBe("PROVIDER_UNAVAILABLE");
    expect(errorOf(() => whole({ message: {}, finish_reason: "TIMEOUT" })).reason).toBe("PROVIDER_TIMEOUT");
  });

  test("too many parts", () => {
    const blocks = Array.from({ length: 1025 }, () => ({ type: "text", text: "a" }));
    const body = { message: { content: blocks }, finish_reason: "COMPLETE" };
    expect(errorOf(() => whole(body)).info["cause"]).toBe("parts_limit");
  });

  test("whatever else, by a typed error", () => {
    const event = fc.record({
      type: fc.constantFrom("content-start", "content-delta", "tool-call-start", "citation-start", "message-end"),
      index: fc.jsonValue({ maxDepth: 1 }),
      delta: fc.record({
        message: fc.dictionary(fc.constantFrom("content", "tool_calls", "citations"), fc.jsonValue({ maxDepth: 3 })),
        finish_reason: fc.jsonValue(),
        usage: fc.jsonValue(),
      }),
      message: fc.jsonValue({ maxDepth: 2 }),
    });
    fc.assert(
      fc.property(fc.array(event), fc.boolean(), (events, stream) => {
        const body = stream ? sse(...events) : Buffer.from(JSON.stringify(events[0] ?? 1));
        try {
          piecesOf(cohere.read(completionOf(asked, { ...aim, stream })), [body]);
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError);
        }
      }),
    );
  });
});
