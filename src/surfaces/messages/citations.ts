import type { JsonObject } from "@bufbuild/protobuf";
import type { ChatMessage, Citation, ContentPart, DocumentPart } from "../../../gen/llmhub/v1/content_pb.ts";
import { CodePoints } from "../../model/code-points.ts";

/**
 * Where texts of an answer come from, in the words of this API: it tells positions in documents, which are found again by
 * what was cited.
 */
export class Citations {
  readonly #asked: readonly ChatMessage[];
  #documents: readonly DocumentPart[] | undefined;
  readonly #points = new Map<DocumentPart, CodePoints>();

  /** @param asked the conversation that is answered. */
  constructor(asked: readonly ChatMessage[]) {
    this.#asked = asked;
  }

  /** None where this API has no form for the source, or the passage is not to be found. */
  locationsOf({ source, title, citedText, page }: Citation): JsonObject[] {
    if (source.case === "uri") {
      const found = { url: source.value, title, cited_text: citedText, encrypted_index: "" };
      return [{ type: "web_search_result_location", ...found }];
    }
    const index = source.case === "documentId" ? positionIn(source.value) : -1;
    this.#documents ??= this.#asked.flatMap(({ content }) => content.flatMap(documentsIn));
    const document = this.#documents[index];
    if (document === undefined) return [];
    const about = { cited_text: citedText, document_index: index, document_title: title || null, file_id: null };
    if (page !== undefined) {
      return [{ type: "page_location", ...about, start_page_number: page, end_page_number: page + 1 }];
    }
    const text = document.body.case === "text" ? document.body.value : "";
    const at = text.indexOf(citedText);
    if (at < 0 || citedText === "") return [];
    const points = this.#points.get(document) ?? new CodePoints(text);
    this.#points.set(document, points);
    const start_char_index = points.pointsBefore(at);
    const end_char_index = points.pointsBefore(at + citedText.length);
    return [{ type: "char_location", ...about, start_char_index, end_char_index }];
  }
}

/** Documents without an id are known by their position: "#3". */
function positionIn(documentId: string): number {
  const digits = /^#(\d{1,6})$/.exec(documentId)?.[1];
  return digits === undefined ? -1 : Number(digits);
}

function documentsIn({ part }: Pick<ContentPart, "part">): DocumentPart[] {
  if (part.case === "document") return [part.value];
  if (part.case !== "toolResult") return [];
  return part.value.content.flatMap((result) => (result.part.case === "document" ? [result.part.value] : []));
}
