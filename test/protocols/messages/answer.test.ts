import { describe, expect, test } from "vitest";
import type { Chunk } from "../../../src/model/chunk.ts";
import { messages } from "../../../src/protocols/messages/protocol.ts";
import { errorOf, folded } from "../../support/dialect.ts";
import { attemptOf, readAll, requestOf } from "./cases.ts";
import { bytes, close, end, ending, grow, jsonOf, open, say, sse, start, streaming, text, whole } from "./events.ts";

describe("a stream", () => {
  test("yields usage at once and no content for its preamble", () => {
    const chunks: Chunk[] = [];
    const reader = messages.read(streaming);
    expect(reader.model).toBe("");
    reader.push(sse(start, { type: "ping" }, { type: "new_event" }, open(0, text), say(0, "")), chunks);
    expect(reader.model).toBe("claude-test-1");
    expect(chunks.map((chunk) => chunk.case)).toEqual(["usage"]);
  });

  test("keeps neighbouring text blocks apart, leaves empty ones out and ignores what follows the end", () => {
    const blocks = [
      open(0, text),
      say(0, "a"),
      close(0),
      open(1, text),
      close(1),
      open(2, text),
      say(2, "b"),
      close(2),
    ];
    const chunks = readAll(streaming, [sse(start, ...blocks, ending("end_turn"), end, say(2, "late"), end)]);
    expect(folded(chunks).message?.content.map(({ part }) => part.value)).toEqual(["a", "b"]);
    expect(chunks.filter((chunk) => chunk.case === "finished")).toHaveLength(1);
  });

  test("keeps the arguments of interleaved tool calls apart", () => {
    const piece = (index: number, json: string) => grow(index, { type: "input_json_delta", partial_json: json });
    const tool = (id: string) => ({ type: "tool_use", id, name: "f", input: {} });
    const events = [
      open(0, tool("a")),
      open(1, tool("b")),
      piece(0, '{"x":'),
      piece(1, '{"y":'),
      piece(0, "1}"),
      piece(1, "2}"),
    ];
    const chunks = readAll(streaming, [sse(start, ...events, close(1), close(0), ending("tool_use"), end)]);
    expect(folded(chunks).message?.content.map(({ part }) => part.value)).toMatchObject([
      { id: "a", argumentsJson: '{"x":1}' },
      { id: "b", argumentsJson: '{"y":2}' },
    ]);
  });

  test("that lacks message_stop is complete when the stop reason was given", () => {
    const chunks = readAll(streaming, [sse(start, open(0, text), say(0, "a"), ending("end_turn"))]);
    expect(jsonOf(chunks)).toMatchObject({ message: { content: [{ text: "a" }] }, finishReason: "FINISH_REASON_STOP" });
  });

  test.each([
    ["stop_sequence", { stop_sequence: "END" }, "FINISH_REASON_STOP_SEQUENCE"],
    ["model_context_window_exceeded", {}, "FINISH_REASON_CONTEXT_WINDOW"],
    ["pause_turn", {}, "FINISH_REASON_PAUSE"],
    ["constructor", {}, "FINISH_REASON_OTHER"],
  ])("that stops for %s says so", (reason, more, expected) => {
    const response = jsonOf(readAll(streaming, [sse(start, ending(reason, more), end)]));
    expect(response).toMatchObject({ finishReason: expected, nativeFinishReason: reason, ...camel(more) });
  });

  test("that only counts after its stop reason keeps the reason", () => {
    const counted = { type: "message_delta", delta: {}, usage: { output_tokens: 9 } };
    expect(jsonOf(readAll(streaming, [sse(start, ending("end_turn"), counted, end)]))).toMatchObject({
      finishReason: "FINISH_REASON_STOP",
      usage: { outputTokens: 9 },
    });
  });

  test("takes later totals, and neither null nor a word for a count", () => {
    const usage = {
      input_tokens: null,
      output_tokens: "many",
      cache_read_input_tokens: 3,
      cache_creation_input_tokens: 4,
    };
    const searches = { server_tool_use: { web_search_requests: 2, web_fetch_requests: 0 } };
    const chunks = readAll(streaming, [sse(start, { ...ending("end_turn"), usage: { ...usage, ...searches } }, end)]);
    expect(jsonOf(chunks)).toMatchObject({
      usage: { inputTokens: 12, cacheReadTokens: 3, cacheWriteTokens: 4, toolUses: { web_search: 2 } },
    });
    expect(folded(chunks).usage?.outputTokens).toBe(0);
  });

  test("without usage leaves it open", () => {
    const chunks = readAll(streaming, [
      sse({ type: "message_start", message: {} }, { type: "message_delta", delta: { stop_reason: "end_turn" } }, end),
    ]);
    expect(folded(chunks).usage).toBeUndefined();
  });
});

const camel = (more: object) => ("stop_sequence" in more ? { stopSequence: more.stop_sequence } : {});

describe("blocks of the provider's own", () => {
  const search = { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: {} };
  const found = {
    type: "web_search_tool_result",
    tool_use_id: "srvtoolu_1",
    content: [{ type: "web_search_result", url: "https://a.example" }],
  };

  test("come back verbatim, put together from their pieces", () => {
    const pieces = ['{"query":', '"tea"}'].map((json) => grow(0, { type: "input_json_delta", partial_json: json }));
    const compaction = [
      open(2, { type: "compaction", content: null }),
      grow(2, { type: "compaction_delta", content: "sum" }),
      grow(2, { type: "compaction_delta", content: "mary" }),
    ];
    const blocks = [open(0, search), ...pieces, close(0), open(1, found), close(1), ...compaction, close(2)];
    const content = folded(readAll(streaming, [sse(start, ...blocks, ending("end_turn"), end)])).message?.content ?? [];
    const own = content.map(({ part }) => (part.case === "providerPart" ? part.value : undefined));
    expect(own.map((part) => [part?.provider, part?.kind])).toEqual([
      ["anthropic", "server_tool_use"],
      ["anthropic", "web_search_tool_result"],
      ["anthropic", "compaction"],
    ]);
    expect(own.map((part) => JSON.parse(part?.json ?? ""))).toEqual([
      { ...search, input: { query: "tea" } },
      found,
      { type: "compaction", content: "summary" },
    ]);
  });

  test("whose input was cut off keep it as text", () => {
    const events = [open(0, search), grow(0, { type: "input_json_delta", partial_json: '{"query":"te' }), close(0)];
    const content = folded(readAll(streaming, [sse(start, ...events, ending("max_tokens"), end)])).message?.content;
    const [own] = content?.map(({ part }) => (part.case === "providerPart" ? part.value.json : "")) ?? [];
    expect(JSON.parse(own ?? "")).toEqual({ ...search, input: '{"query":"te' });
  });
});

describe("deltas of another kind", () => {
  const thinking = { type: "thinking", thinking: "", signature: "" };
  const tool = { type: "tool_use", id: "t", name: "f", input: {} };

  test.each([
    ["text in reasoning", thinking, { type: "text_delta", text: "inner" }],
    ["text in a tool call", tool, { type: "text_delta", text: "inner" }],
    ["reasoning in text", text, { type: "thinking_delta", thinking: "inner" }],
    ["arguments in text", text, { type: "input_json_delta", partial_json: "{}" }],
  ])("are refused: %s", (_, block, delta) => {
    const error = errorOf(() => readAll(streaming, [sse(start, open(0, block), grow(0, delta))]));
    expect([error.reason, error.info["cause"]]).toEqual(["PROVIDER_BAD_RESPONSE", "bad_delta"]);
  });

  test("stay within a block that is not known", () => {
    const blocks = [open(0, { type: "new_block", text: "" }), say(0, "in"), say(0, "ner"), close(0)];
    const [part] = folded(readAll(streaming, [sse(start, ...blocks, ending("end_turn"), end)])).message?.content ?? [];
    expect(part?.part).toMatchObject({ case: "providerPart", value: { json: '{"type":"new_block","text":"inner"}' } });
  });

  test("go to their own text where blocks overlap", () => {
    const blocks = [open(0, text), say(0, "a"), open(1, tool), say(0, "b"), close(1), say(0, "c"), close(0)];
    const content = folded(readAll(streaming, [sse(start, ...blocks, ending("tool_use"), end)])).message?.content ?? [];
    const texts = content.flatMap(({ part }) => (part.case === "text" ? [part.value] : []));
    expect(texts.join("")).toBe("abc");
  });
});

describe("numbers", () => {
  const usage = '{"input_tokens":5.0,"output_tokens":7.0}';
  const answerOf = (blocks: string) =>
    jsonOf(readAll(whole, [bytes(`{"model":"m","content":[${blocks}],"stop_reason":"tool_use","usage":${usage}}`)]));

  test("of tool calls stay as they were written, and only those", () => {
    const cited = '{"type":"page_location","cited_text":"c","document_index":0.0,"start_page_number":3.0}';
    const response = answerOf(
      `{"type":"text","text":"a","citations":[${cited}]},` +
        '{"type":"tool_use","id":"t","name":"f","input":{"a":1.0,"b":12345678901234567890}},' +
        '{"type":"server_tool_use","id":"s","name":"g","input":{"a":2.0}}',
    );
    expect(response).toMatchObject({
      message: {
        content: [
          { citations: [{ documentId: "#0", page: 3 }] },
          { toolCall: { argumentsJson: '{"a":1.0,"b":12345678901234567890}' } },
          { providerPart: { json: '{"type":"server_tool_use","id":"s","name":"g","input":{"a":2.0}}' } },
        ],
      },
      usage: { inputTokens: 5, outputTokens: 7, native: { input_tokens: 5, output_tokens: 7 } },
    });
    expect(JSON.stringify(response)).not.toContain("rawJSON");
  });
});

test("a call that the provider's own code made says so, and is sent back so", () => {
  const caller = { type: "code_execution_20250825", tool_id: "srvtoolu_1" };
  const block = { type: "tool_use", id: "t", name: "f", input: {}, caller };
  const [part] =
    folded(readAll(streaming, [sse(start, open(0, block), close(0), ending("tool_use"), end)])).message?.content ?? [];
  expect(part?.providerOptions).toEqual({ anthropic: { caller } });
  const direct = { ...block, caller: { type: "direct" } };
  const [plain] =
    folded(readAll(streaming, [sse(start, open(0, direct), close(0), ending("tool_use"), end)])).message?.content ?? [];
  expect(plain?.providerOptions).toEqual({});
});

test("text holds no half of a surrogate pair", () => {
  const halves = "a\ud83db\ude00";
  const citation = { type: "char_location", cited_text: halves };
  const blocks = [
    open(0, text),
    say(0, halves),
    say(0, "\ud83d"),
    say(0, "\ude00"),
    grow(0, { type: "citations_delta", citation }),
  ];
  const chunks = readAll(streaming, [sse(start, ...blocks, close(0), ending("end_turn"), end)]);
  expect(jsonOf(chunks)).toMatchObject({
    message: { content: [{ text: "a\ufffdb\ufffd😀", citations: [{ citedText: "a\ufffdb\ufffd" }] }] },
  });
});

describe("hidden reasoning", () => {
  const hidden = requestOf({ input: "hi", reasoning: { effort: "low", hideText: true } });
  const reasoning = { type: "thinking", thinking: "secret", signature: "sig" };
  const expected = {
    message: { content: [{ reasoning: {}, signature: { provider: "anthropic", value: "sig" } }, { text: "4" }] },
  };

  test("keeps its signature and loses its text", () => {
    const pieces = [
      grow(0, { type: "thinking_delta", thinking: "secret" }),
      grow(0, { type: "signature_delta", signature: "sig" }),
    ];
    const blocks = [
      open(0, { type: "thinking", thinking: "", signature: "" }),
      ...pieces,
      close(0),
      open(1, text),
      say(1, "4"),
      close(1),
    ];
    const chunks = readAll(attemptOf(hidden, true), [sse(start, ...blocks, ending("end_turn"), end)]);
    expect(jsonOf(chunks)).toMatchObject(expected);
    expect(chunks.some((chunk) => chunk.case === "partDelta" && chunk.value.delta.case === "reasoning")).toBe(false);
    expect(JSON.stringify(jsonOf(chunks))).not.toContain("secret");
  });

  test("does so in a whole answer", () => {
    const body = { model: "m", content: [reasoning, { type: "text", text: "4" }], stop_reason: "end_turn" };
    const response = jsonOf(readAll(attemptOf(hidden), [bytes(JSON.stringify(body))]));
    expect(response).toMatchObject(expected);
    expect(JSON.stringify(response)).not.toContain("secret");
  });
});
