import { create, type JsonObject, type MessageInitShape } from "@bufbuild/protobuf";
import { type Citation, CitationSchema } from "../../../gen/llmhub/v1/content_pb.ts";
import { objectOf, positionOf, textOf } from "../field.ts";

/**
 * A citation by its location. `documentIds` are those of the request, in order. Positions within the document are not
 * taken over, since a Citation has positions within the answer only.
 */
export function citationOf(native: JsonObject, documentIds: readonly string[]): Citation {
  const location = objectOf(native["location"]) ?? {};
  const page = positionOf(objectOf(location["documentPage"])?.["start"]);
  return create(CitationSchema, {
    source: sourceOf(native, location, documentIds),
    title: textOf(native["title"]),
    citedText: citedTextOf(native["sourceContent"]),
    ...(page === undefined ? {} : { page }),
  });
}

function citedTextOf(pieces: unknown): string {
  return Array.isArray(pieces) ? pieces.map((piece) => textOf(objectOf(piece)?.["text"])).join("") : "";
}

type Source = NonNullable<MessageInitShape<typeof CitationSchema>["source"]>;

function sourceOf(native: JsonObject, location: JsonObject, documentIds: readonly string[]): Source {
  const url = textOf(objectOf(location["web"])?.["url"]);
  if (url !== "") return { case: "uri", value: url };
  const document = location["documentChar"] ?? location["documentPage"] ?? location["documentChunk"];
  const position = positionOf(objectOf(document)?.["documentIndex"]);
  if (position !== undefined) return { case: "documentId", value: documentIds[position] ?? `#${position}` };
  const source = textOf(native["source"]);
  return source === "" ? { case: undefined } : { case: "uri", value: source };
}
