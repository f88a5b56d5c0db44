import { describe, expect, test } from "vitest";
import type { Chunk } from "../../../src/model/chunk.ts";
import { messages } from "../../../src/protocols/messages/protocol.ts";
import { attemptOf, folded, readAll, requestOf } from "./cases.ts";
import { bytes, close, end, ending, grow, jsonOf, open, say, sse, start, streaming, text } from "./events.ts";

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

describe("citations", () => {
  const documents = attemptOf(
    requestOf({
      messages: [
        {
          content: [
            { text: "compare" },
            { document: { text: "one", documentId: "first" } },
            { media: { data: "JVBERg==", mimeType: "application/pdf" } },
          ],
        },
        {
          role: "ROLE_TOOL",
          content: [
            { toolResult: { toolCallId: "t", content: [{ document: { text: "two", documentId: "result" } }] } },
          ],
        },
      ],
    }),
    true,
  );
  const locations = [
    {
      type: "char_location",
      cited_text: "x",
      document_index: 1,
      document_title: "T",
      start_char_index: 3,
      end_char_index: 4,
    },
    {
      type: "page_location",
      cited_text: "y",
      document_index: 2,
      document_title: null,
      start_page_number: 5,
      end_page_number: 6,
    },
    { type: "content_block_location", cited_text: "z", document_index: 9, start_block_index: 0, end_block_index: 1 },
    { type: "web_search_result_location", cited_text: "w", url: "https://a.example", title: "A", encrypted_index: "e" },
    {
      type: "search_result_location",
      cited_text: "s",
      source: "https://b.example",
      title: null,
      search_result_index: 0,
    },
  ];
  // Tool results are sent first, so the document of the tool result is number 0.
  const expected = [
    { documentId: "first", title: "T", citedText: "x" },
    { documentId: "#2", citedText: "y", page: 5 },
    { documentId: "#9", citedText: "z" },
    { uri: "https://a.example", title: "A", citedText: "w" },
    { uri: "https://b.example", citedText: "s" },
  ];

  test("of a stream name the documents of the request", () => {
    const cite = locations.map((citation) => grow(0, { type: "citations_delta", citation }));
    const chunks = readAll(documents, [
      sse(start, open(0, text), say(0, "claim"), ...cite, close(0), ending("end_turn"), end),
    ]);
    expect(jsonOf(chunks)).toMatchObject({ message: { content: [{ text: "claim", citations: expected }] } });
  });

  test("of a whole answer are the same", () => {
    const content = [{ type: "text", text: "claim", citations: locations }];
    const body = JSON.stringify({ model: "m", content, stop_reason: "end_turn" });
    const chunks = readAll({ ...documents, call: { ...documents.call, stream: false } }, [bytes(body)]);
    expect(jsonOf(chunks)).toMatchObject({ message: { content: [{ text: "claim", citations: expected }] } });
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
