import { describe, expect, test } from "vitest";
import { attemptOf, readAll, requestOf } from "./cases.ts";
import { bytes, close, end, ending, grow, jsonOf, open, say, sse, start, text } from "./events.ts";

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
    { type: "page_location", cited_text: "far", document_index: -1, start_page_number: 2 ** 31, end_page_number: 1.5 },
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
    { citedText: "far" },
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
