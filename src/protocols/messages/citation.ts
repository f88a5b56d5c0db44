import { create, type JsonObject, type MessageInitShape } from "@bufbuild/protobuf";
import { type Citation, CitationSchema } from "../../../gen/llmhub/v1/content_pb.ts";
import { positionOf, textOf } from "../field.ts";

/**
 * A citation by its location. `documentIds` are those of the request, in order. Positions within the document are not
 * taken over, since a Citation has positions within the answer only.
 */
export function citationOf(location: JsonObject, documentIds: readonly string[]): Citation {
  const { type } = location;
  const page = type === "page_location" ? positionOf(location["start_page_number"]) : undefined;
  return create(CitationSchema, {
    source: sourceOf(location, documentIds),
    title: textOf(location["title"] ?? location["document_title"]),
    citedText: textOf(location["cited_text"]),
    ...(page === undefined ? {} : { page }),
  });
}

type Source = NonNullable<MessageInitShape<typeof CitationSchema>["source"]>;

function sourceOf(location: JsonObject, documentIds: readonly string[]): Source {
  const uri = textOf(location["url"] ?? location["source"]);
  if (uri !== "") return { case: "uri", value: uri };
  const position = positionOf(location["document_index"]);
  if (position === undefined) return { case: undefined };
  return { case: "documentId", value: documentIds[position] ?? `#${position}` };
}
