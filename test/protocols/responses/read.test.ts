import { type JsonObject, toJson } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CompleteResponseSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { folded } from "../../support/dialect.ts";
import { chunksOf, completed, streamed, whole } from "./asking.ts";
import { end, events, items, usage } from "./script.ts";

const jsonOf = (body: Buffer, stream: boolean, cuts: readonly number[] = [], request: JsonObject = {}) =>
  toJson(CompleteResponseSchema, folded(chunksOf(body, stream, cuts, request))) as JsonObject;
const contentOf = (body: Buffer, stream: boolean, request: JsonObject = {}) =>
  (jsonOf(body, stream, [], request)["message"] as JsonObject | undefined)?.["content"];

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
