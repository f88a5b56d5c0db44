import { describe, expect, test } from "vitest";
import { gemini } from "../../../src/protocols/gemini/protocol.ts";
import { answerOf, completionOf } from "../../support/dialect.ts";
import { body, contentOf, response, stop, usage, whole } from "./responses.ts";

describe("sources", () => {
  const text = "Ünder the 🌍 sun.";
  const bytesTo = (part: string) => Buffer.byteLength(text.slice(0, text.indexOf(part)));
  const groundingMetadata = {
    webSearchQueries: ["a", "b"],
    groundingChunks: [
      { web: { uri: "https://a.example", title: "A" } },
      { retrievedContext: { title: "B", text: "found", pageNumber: 3 } },
    ],
    groundingSupports: [
      {
        segment: { startIndex: bytesTo("sun"), endIndex: bytesTo("sun") + 3, text: "sun" },
        groundingChunkIndices: [0, 1],
      },
      { segment: { endIndex: 3, text: "elsewhere" }, groundingChunkIndices: [0] },
    ],
  };

  test("are cited at their place, in code points", () => {
    const answer = whole(response([{ text }], { ...stop, groundingMetadata }, usage(1)));
    expect(contentOf(answer)).toEqual([
      {
        text,
        citations: [
          { uri: "https://a.example", title: "A", startCodePoint: 12, endCodePoint: 15 },
          { title: "B", citedText: "found", page: 3, startCodePoint: 12, endCodePoint: 15 },
          { uri: "https://a.example", title: "A" },
        ],
      },
    ]);
    expect(answer["providerMetadata"]).toMatchObject({ gemini: { groundingMetadata } });
    // A prompt that was searched for counts once before Gemini 3.
    expect(answer["usage"]).toMatchObject({ toolUses: { web_search: 1 } });
    const newer = completionOf({ input: "hi" }, { model: "gemini-3-flash-preview" });
    expect(answerOf(gemini, newer, body(response([{ text }], { ...stop, groundingMetadata }, usage(1))))).toMatchObject(
      {
        usage: { toolUses: { web_search: 2 } },
      },
    );
  });

  test("of recited passages are cited, and none where there is no text", () => {
    const citationMetadata = { citationSources: [{ startIndex: 0, endIndex: 6, uri: "https://r.example" }] };
    expect(contentOf(whole(response([{ text }], { finishReason: "RECITATION", citationMetadata })))).toEqual([
      { text, citations: [{ uri: "https://r.example", startCodePoint: 0, endCodePoint: 5 }] },
    ]);
    expect(contentOf(whole({ candidates: [{ finishReason: "RECITATION", citationMetadata }] }))).toBeUndefined();
  });
});
