import { create, type JsonObject } from "@bufbuild/protobuf";
import { type Citation, CitationSchema } from "../../../gen/llmhub/v1/content_pb.ts";
import { readCitation } from "../chat-completions/citation.ts";
import { positionOf, textOf } from "../field.ts";

const fileTypes: ReadonlySet<unknown> = new Set(["file_citation", "container_file_citation"]);

/** The source behind an annotation: a web page, or a file at the provider by its id. Undefined for other kinds. */
export function citationOf(annotation: JsonObject): Citation | undefined {
  const { type, file_id, filename, start_index, end_index } = annotation;
  if (type === "url_citation") return readCitation({ url_citation: annotation });
  if (!fileTypes.has(type)) return undefined;
  const start = positionOf(start_index);
  const end = positionOf(end_index);
  return create(CitationSchema, {
    source: { case: "documentId", value: textOf(file_id) },
    title: textOf(filename),
    ...(start === undefined ? {} : { startCodePoint: start }),
    ...(end === undefined ? {} : { endCodePoint: end }),
  });
}
