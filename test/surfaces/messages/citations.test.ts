import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ChatMessageSchema, CitationSchema } from "../../../gen/llmhub/v1/content_pb.ts";
import { Citations } from "../../../src/surfaces/messages/citations.ts";

const asked = create(ChatMessageSchema, {
  content: [
    { part: { case: "text", value: "What does it say?" } },
    { part: { case: "document", value: { body: { case: "text", value: "🌍 is round." }, title: "A" } } },
    {
      part: {
        case: "toolResult",
        value: { content: [{ part: { case: "document", value: { body: { case: "text", value: "B" } } } }] },
      },
    },
  ],
});

function locate(citation: MessageInitShape<typeof CitationSchema>) {
  return new Citations([asked]).locationsOf(create(CitationSchema, citation));
}

function byDocument(value: string, citedText: string, page?: number) {
  return locate({ source: { case: "documentId", value }, citedText, ...(page === undefined ? {} : { page }) });
}

test("a passage of a document is found again, counted in code points", () => {
  expect(byDocument("#0", "is round")).toEqual([
    {
      type: "char_location",
      cited_text: "is round",
      document_index: 0,
      document_title: null,
      file_id: null,
      start_char_index: 2,
      end_char_index: 10,
    },
  ]);
  expect(byDocument("#1", "B")).toMatchObject([{ document_index: 1, start_char_index: 0, end_char_index: 1 }]);
});

test("a page is a range of one", () => {
  expect(byDocument("#0", "x", 7)).toMatchObject([{ type: "page_location", start_page_number: 7, end_page_number: 8 }]);
});

test("what is not in the request has no place in the answer", () => {
  expect([...byDocument("#2", "B"), ...byDocument("#0", "flat"), ...byDocument("mine", "B"), ...locate({})]).toEqual(
    [],
  );
});
