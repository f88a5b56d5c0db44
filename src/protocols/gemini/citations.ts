import { create, type JsonObject } from "@bufbuild/protobuf";
import { type Citation, CitationSchema } from "../../../gen/llmhub/v1/content_pb.ts";
import { objectOf, positionOf, textOf } from "../field.ts";

/**
 * The sources of an answer, for its text: of what was looked up (groundingMetadata), and of what was recited
 * (citationMetadata). The provider counts positions in bytes of UTF-8; they are believed where they lie within the text, and,
 * where the passage is given, where they lead to it.
 */
export function citationsOf(metadata: JsonObject, text: string): Citation[] {
  const spoken = new Spoken(text);
  return [
    ...groundings(objectOf(metadata["groundingMetadata"]), spoken),
    ...recitations(objectOf(metadata["citationMetadata"]), spoken),
  ];
}

/** One citation for each source of each passage. */
function groundings(metadata: JsonObject | undefined, text: Spoken): Citation[] {
  const sources = listOf(metadata?.["groundingChunks"]).map(sourceOf);
  return listOf(metadata?.["groundingSupports"]).flatMap((support) => {
    const segment = objectOf(support["segment"]) ?? {};
    const citedText = textOf(segment["text"]);
    // A position of 0 is not written out.
    const range = rangeOf(segment["startIndex"] ?? 0, segment["endIndex"], text, citedText);
    const indices = support["groundingChunkIndices"];
    return (Array.isArray(indices) ? indices : []).flatMap((index) => {
      const source = sources[Number(index)];
      return source === undefined ? [] : [create(CitationSchema, { ...source, ...range })];
    });
  });
}

function recitations(metadata: JsonObject | undefined, text: Spoken): Citation[] {
  return listOf(metadata?.["citations"] ?? metadata?.["citationSources"]).map((citation) =>
    create(CitationSchema, {
      ...link(citation),
      ...rangeOf(citation["startIndex"] ?? 0, citation["endIndex"], text),
    }),
  );
}

/** What a claim rests on: of the web, of a corpus, of maps. The passage that was found is what is cited. */
function sourceOf(chunk: JsonObject) {
  const known = objectOf(chunk["web"] ?? chunk["retrievedContext"] ?? chunk["maps"]) ?? {};
  const page = positionOf(known["pageNumber"]);
  return { ...link(known), citedText: textOf(known["text"]), ...(page === undefined ? {} : { page }) };
}

function link(known: JsonObject) {
  const uri = textOf(known["uri"]);
  const title = textOf(known["title"]);
  return uri === "" ? { title } : { source: { case: "uri" as const, value: uri }, title };
}

function rangeOf(start: unknown, end: unknown, text: Spoken, passage?: string) {
  const from = positionOf(start);
  const to = positionOf(end);
  if (from === undefined || to === undefined || from >= to || to > text.bytes.length) return {};
  if (passage !== undefined && passage !== text.bytes.toString("utf8", from, to)) return {};
  return { startCodePoint: text.pointsBefore(from), endCodePoint: text.pointsBefore(to) };
}

/** A text with its positions. Counts on from the position that was asked for last: sources come in order. */
class Spoken {
  readonly bytes: Buffer;
  #at = 0;
  #points = 0;

  constructor(text: string) {
    this.bytes = Buffer.from(text);
  }

  /** Code points that begin in the first bytes. */
  pointsBefore(end: number): number {
    while (this.#at < end) if (begins(this.bytes[this.#at++])) this.#points += 1;
    while (this.#at > end) if (begins(this.bytes[--this.#at])) this.#points -= 1;
    return this.#points;
  }
}

/** The other bytes of a code point are 10xxxxxx. */
function begins(byte = 0): boolean {
  return (byte & 0xc0) !== 0x80;
}

function listOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.map(objectOf).filter((entry) => entry !== undefined) : [];
}
