import { type JsonObject, toJson } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CompleteResponseSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Chunk } from "../../../src/model/chunk.ts";
import { GatewayError } from "../../../src/model/error.ts";
import { responses } from "../../../src/protocols/responses/protocol.ts";
import { attemptOf, chunksOf, completed, folded, streamed, whole } from "./asking.ts";

const usage = {
  input_tokens: 9,
  input_tokens_details: { cached_tokens: 4, cache_write_tokens: 2 },
  output_tokens: 7,
  output_tokens_details: { reasoning_tokens: 3 },
  total_tokens: 16,
};
const jsonOf = (body: Buffer, stream: boolean, cuts: readonly number[] = [], request: JsonObject = {}) =>
  toJson(CompleteResponseSchema, folded(chunksOf(body, stream, cuts, request))) as JsonObject;
const contentOf = (body: Buffer, stream: boolean, request: JsonObject = {}) =>
  (jsonOf(body, stream, [], request)["message"] as JsonObject | undefined)?.["content"];

const token = (text: string) => ({
  token: text,
  logprob: -0.5,
  top_logprobs: [
    { token: text, logprob: -0.5 },
    { token: "x", logprob: -2 },
  ],
});
const link = { type: "url_citation", url: "https://a.test", title: "A", start_index: 0, end_index: 2 };
const file = { type: "file_citation", file_id: "file-1", filename: "b.txt", index: 7 };
const texts = [
  { type: "output_text", text: "Hi 🌍", annotations: [link, file], logprobs: [token("Hi"), token(" 🌍")] },
  { type: "output_text", text: "More", annotations: [] },
];
const items: JsonObject[] = [
  {
    id: "rs_1",
    type: "reasoning",
    summary: [
      { type: "summary_text", text: "First" },
      { type: "summary_text", text: "then" },
    ],
    encrypted_content: "SECRET",
  },
  { id: "ws_1", type: "web_search_call", status: "completed", action: { type: "search", query: "q" } },
  { id: "msg_1", type: "message", role: "assistant", phase: "commentary", content: texts },
  { id: "fc_1", type: "function_call", call_id: "c1", name: "f", arguments: '{"a": 1.0}', namespace: "n" },
  { id: "fc_2", type: "function_call", call_id: "c1", name: "g", arguments: "" },
];

/** Pieces of the same answer, told in events. */
const events: JsonObject[] = [
  { type: "response.created", response: { id: "resp_1", model: "m-2", status: "in_progress" } },
  { type: "response.output_item.added", output_index: 0, item: { id: "rs_1", type: "reasoning", summary: [] } },
  { type: "response.reasoning_summary_text.delta", output_index: 0, summary_index: 0, delta: "Fir" },
  { type: "response.reasoning_summary_text.delta", output_index: 0, summary_index: 0, delta: "st" },
  { type: "response.reasoning_summary_text.delta", output_index: 0, summary_index: 1, delta: "then" },
  { type: "response.output_item.done", output_index: 0, item: items[0] ?? {} },
  { type: "response.output_item.done", output_index: 1, item: items[1] ?? {} },
  { type: "response.output_item.added", output_index: 2, item: { ...items[2], content: [] } },
  { type: "response.output_text.delta", output_index: 2, content_index: 0, delta: "Hi", logprobs: [token("Hi")] },
  { type: "response.output_text.delta", output_index: 2, content_index: 0, delta: " 🌍", logprobs: [token(" 🌍")] },
  { type: "response.output_text.annotation.added", output_index: 2, content_index: 0, annotation: link },
  { type: "response.content_part.done", output_index: 2, content_index: 0, part: texts[0] ?? {} },
  { type: "response.output_text.delta", output_index: 2, content_index: 1, delta: "More" },
  { type: "response.output_item.done", output_index: 2, item: items[2] ?? {} },
  { type: "response.output_item.added", output_index: 3, item: { ...items[3], arguments: "" } },
  { type: "response.function_call_arguments.delta", output_index: 3, delta: '{"a": ' },
  { type: "response.function_call_arguments.delta", output_index: 3, delta: "1.0}" },
  { type: "response.output_item.done", output_index: 3, item: items[3] ?? {} },
  { type: "response.output_item.added", output_index: 4, item: items[4] ?? {} },
  { type: "response.output_item.done", output_index: 4, item: items[4] ?? {} },
];
const end = { type: "response.completed", response: completed(items, { usage, service_tier: "flex" }) };

describe("an answer", () => {
  const expected = {
    message: {
      role: "ROLE_ASSISTANT",
      content: [
        { reasoning: { text: "First", summary: true } },
        { reasoning: { text: "then", summary: true, encryptedContent: "SECRET" } },
        { providerPart: { provider: "acme", kind: "web_search_call", json: JSON.stringify(items[1]) } },
        {
          text: "Hi 🌍",
          citations: [
            { uri: "https://a.test", title: "A", startCodePoint: 0, endCodePoint: 2 },
            { documentId: "file-1", title: "b.txt" },
          ],
        },
        { text: "More" },
        {
          toolCall: { id: "c1", name: "f", argumentsJson: '{"a": 1.0}' },
          providerOptions: { acme: { namespace: "n" } },
        },
        { toolCall: { id: expect.stringMatching(/^call_/), name: "g" } },
      ],
    },
    finishReason: "FINISH_REASON_TOOL_CALLS",
    nativeFinishReason: "completed",
    usage: {
      inputTokens: 9,
      outputTokens: 7,
      cacheReadTokens: 4,
      cacheWriteTokens: 2,
      reasoningTokens: 3,
      toolUses: { web_search: 1 },
      serviceTier: "flex",
    },
    logprobs: [
      { token: "Hi", logprob: -0.5, alternatives: [{ token: "x", logprob: -2 }] },
      { token: " 🌍", logprob: -0.5, alternatives: [{ token: "x", logprob: -2 }] },
    ],
    providerMetadata: { acme: { id: "resp_1", service_tier: "flex" } },
  };

  test("in one body has every item in its form", () => {
    const answer = jsonOf(whole(items, { usage, service_tier: "flex" }), false);
    expect(answer).toMatchObject(expected);
    const [first, second, , text] = (answer["message"] as { content: { signature?: object }[] }).content;
    const signature = { provider: "acme", value: '{"id":"rs_1"}' };
    expect([first?.signature, second?.signature]).toEqual([signature, signature]);
    expect(text?.signature).toEqual({ provider: "acme", value: '{"phase":"commentary"}' });
  });

  test("in events is the same, wherever they are cut", () => {
    const body = jsonOf(whole(items, { usage, service_tier: "flex" }), false);
    const bytes = streamed(...events, end);
    fc.assert(
      fc.property(fc.array(fc.nat()), (cuts) => {
        expect(jsonOf(bytes, true, cuts)).toEqual(body);
      }),
      { numRuns: 40 },
    );
  });

  test("is the same when events leave out what comes again later", () => {
    const body = jsonOf(whole(items, { usage, service_tier: "flex" }), false);
    const droppable = events.flatMap((_, at) => (at > 0 ? [at] : []));
    // A server may tell an item only when it is done, or only in the last event; what is begun in pieces must not stay so.
    const isPiece = (event: JsonObject) =>
      String(event["type"]).endsWith(".delta") || event["annotation"] !== undefined;
    for (const kept of [droppable.filter((at) => !isPiece(events[at] ?? {})), []]) {
      expect(jsonOf(streamed(...kept.map((at) => events[at] ?? {}), end), true)).toEqual(body);
    }
  });

  test("with reasoning in the open, or hidden from the caller, keeps what the server wants back", () => {
    const item = { id: "rs_1", type: "reasoning", summary: [], content: [{ type: "reasoning_text", text: "Hm" }] };
    const bytes = streamed(
      { type: "response.output_item.added", output_index: 0, item: { ...item, content: [] } },
      { type: "response.reasoning_text.delta", output_index: 0, content_index: 0, delta: "H" },
      { type: "response.reasoning_text.delta", output_index: 0, content_index: 0, delta: "m" },
      { type: "response.output_item.done", output_index: 0, item },
      { type: "response.completed", response: completed([item]) },
    );
    const signature = (value: object) => ({ provider: "acme", value: JSON.stringify(value) });
    for (const [body, stream] of [
      [bytes, true],
      [whole([item]), false],
    ] as const) {
      expect(contentOf(body, stream)).toEqual([{ reasoning: { text: "Hm" }, signature: signature({ id: "rs_1" }) }]);
      expect(contentOf(body, stream, { reasoning: { hideText: true } })).toEqual([
        { reasoning: {}, signature: signature({ id: "rs_1", hidden: "Hm" }) },
      ]);
    }
    expect(contentOf(whole([items[0] ?? {}]), false, { reasoning: { hideText: true } })).toEqual([
      { reasoning: { encryptedContent: "SECRET" }, signature: signature({ id: "rs_1" }) },
    ]);
    // Nothing to show and nothing to give back.
    expect(contentOf(whole([{ id: "rs_1", type: "reasoning", summary: [] }]), false)).toBeUndefined();
  });

  test("keeps a server's own items as they came", () => {
    const json = '{"type":"custom_tool_call","call_id":"c","name":"f","input":"x","n":1.0,"big":12345678901234567890}';
    const body = `{"status":"completed","output":[${json}]}`;
    const event = `data: {"type":"response.output_item.done","output_index":0,"item":${json}}\n\n`;
    const last = `data: {"type":"response.completed","response":${body}}\n\n`;
    for (const [text, stream] of [
      [body, false],
      [event + last, true],
      [last, true],
    ] as const) {
      const answer = jsonOf(Buffer.from(text), stream);
      expect(answer).toMatchObject({
        message: { content: [{ providerPart: { provider: "acme", kind: "custom_tool_call", json } }] },
        finishReason: "FINISH_REASON_TOOL_CALLS",
      });
    }
  });

  test.each<[{ status?: string; incomplete_details?: { reason: string } | null }, string, string]>([
    [{ status: "incomplete", incomplete_details: { reason: "max_output_tokens" } }, "MAX_TOKENS", "max_output_tokens"],
    [{ status: "incomplete", incomplete_details: { reason: "content_filter" } }, "CONTENT_FILTER", "content_filter"],
    [{ status: "incomplete", incomplete_details: null }, "OTHER", "incomplete"],
    [{}, "STOP", "completed"],
  ])("with %j ends for that reason", (more, finishReason, nativeFinishReason) => {
    const told = { finishReason: `FINISH_REASON_${finishReason}`, nativeFinishReason };
    expect(jsonOf(whole([], more), false)).toMatchObject(told);
    const type = `response.${more.status ?? "completed"}`;
    expect(jsonOf(streamed({ type, response: completed([], more) }), true)).toMatchObject(told);
  });

  test("that counts nothing is not believed", () => {
    const none = { input_tokens: 0, output_tokens: 0 };
    expect(jsonOf(whole([], { usage: none }), false)).not.toHaveProperty("usage");
    expect(jsonOf(whole([], { usage: { input_tokens: 3, output_tokens: 0 } }), false)).toMatchObject({
      usage: { inputTokens: 3 },
    });
  });

  test("tells only searches as uses that are charged", () => {
    const use = (type: string) => ({ type: "web_search_call", action: { type } });
    const used = [use("search"), use("open_page"), use("search"), { type: "file_search_call" }, { type: "mcp_call" }];
    expect(jsonOf(whole(used, { usage }), false)).toMatchObject({
      usage: { toolUses: { web_search: 2, file_search: 1 } },
    });
  });
});

describe("what is no answer", () => {
  const fails = (body: Buffer | string, stream: boolean, failure: object) =>
    expect(() => chunksOf(Buffer.from(body), stream)).toThrow(expect.objectContaining(failure));

  test.each(events.map((_, at) => at))("a stream that breaks off after event %i", (at) => {
    fails(streamed(...events.slice(0, at + 1)), true, { reason: "STREAM_INTERRUPTED", info: { cause: "truncated" } });
  });

  test("a marker of another dialect does not end a stream", () => {
    fails(`${streamed(...events)}data: [DONE]\n\n`, true, { reason: "STREAM_INTERRUPTED" });
  });

  test.each([
    ["rate_limit_exceeded", "PROVIDER_RATE_LIMITED"],
    ["insufficient_quota", "PROVIDER_QUOTA_EXHAUSTED"],
    ["server_error", "PROVIDER_UNAVAILABLE"],
    ["context_length_exceeded", "CONTEXT_LENGTH_EXCEEDED"],
    ["invalid_prompt", "PROVIDER_CONTENT_FILTERED"],
    ["bio_policy", "PROVIDER_CONTENT_FILTERED"],
    ["image_content_policy_violation", "PROVIDER_CONTENT_FILTERED"],
    ["image_parse_error", "PROVIDER_INVALID_REQUEST"],
    ["failed_to_download_image", "PROVIDER_INVALID_REQUEST"],
    ["vector_store_timeout", "PROVIDER_TIMEOUT"],
    ["something_new", "PROVIDER_UNAVAILABLE"],
  ])("an error with the code %s is %s in every form", (code, reason) => {
    const error = { code, message: "m" };
    const told = { reason, upstream: { status: 200, code, requestId: "" } };
    fails(streamed({ type: "error", ...error, param: null }), true, told);
    fails(streamed({ type: "error", error }), true, told);
    fails(`data: ${JSON.stringify({ error })}\n\n`, true, told);
    fails(JSON.stringify({ error }), true, told);
    const failed = completed([], { status: "failed", error });
    fails(streamed({ type: "response.failed", response: failed }), true, told);
    fails(JSON.stringify(failed), false, told);
    fails(JSON.stringify({ error }), false, told);
  });

  test("a failure tells what was used all the same", () => {
    const response = completed([], { status: "failed", error: { code: "server_error", message: "m" }, usage });
    const out: Chunk[] = [];
    const reader = responses.read(attemptOf({}, true));
    expect(() => reader.push(streamed({ type: "response.failed", response }), out)).toThrow("the provider failed");
    expect(out).toMatchObject([{ case: "usage", value: { usage: { inputTokens: 9, outputTokens: 7 } } }]);
  });

  test.each([
    ["", "empty"],
    ["[]", "bad_json"],
    ["{}", "not_complete"],
    ['{"status":"in_progress"}', "not_complete"],
    ['{"status":"cancelled","output":[]}', "not_complete"],
    ['{"status":"completed","output":[{"type":"function_call"}]}', "tool_call_without_name"],
    ['{"status":"completed","output":[7]}', "bad_item"],
    [JSON.stringify(completed(Array.from({ length: 1025 }, () => ({ type: "x" })))), "parts_limit"],
  ])("the body %.40s", (body, cause) => {
    fails(body, false, { reason: "PROVIDER_BAD_RESPONSE", info: { cause } });
  });

  test.each([
    ["", "empty"],
    ["<html>", "not_sse"],
    ["data: x\n\n", "bad_json"],
    ['data: {"type":"response.completed"}\n\n', "no_response"],
    ['data: {"type":"response.output_item.done"}\n\n', "no_item"],
    [`${streamed({ type: "response.function_call_arguments.delta", delta: "{" }, end)}`, "tool_call_without_name"],
  ])("the stream %.60s", (body, cause) => {
    fails(body, true, { reason: "PROVIDER_BAD_RESPONSE", info: { cause } });
  });

  test("any number of items is refused before it is kept", () => {
    const many = Array.from({ length: 1025 }, (_, at) => ({
      type: "response.output_item.added",
      output_index: at,
      item: { type: "message" },
    }));
    fails(streamed(...many), true, { info: { cause: "parts_limit" } });
  });

  test("any events in any order are an answer or a typed error", () => {
    const some = fc.constantFrom<JsonObject>(...events, end, { type: "response.refusal.delta", delta: "No" });
    fc.assert(
      fc.property(fc.array(some, { maxLength: 12 }), (order) => {
        try {
          folded(chunksOf(streamed(...order), true));
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError);
        }
      }),
    );
  });
});
