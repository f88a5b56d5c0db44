import { create, type JsonObject } from "@bufbuild/protobuf";
import { type Citation, CitationSchema } from "../../../gen/llmhub/v1/content_pb.ts";
import { objectOf, positionOf, textOf } from "../field.ts";
import type { DocumentIds } from "./document-ids.ts";

/** Whether a citation is about what is said to the caller: plans and thoughts have citations, too. */
export function isOfText({ type }: JsonObject): boolean {
  return type === undefined || type === "TEXT_CONTENT";
}

/**
 * One citation for each source. Positions count code points of the block, as ours do. The passage that is cited is not told,
 * only the whole document.
 */
export function citationsOf(cited: JsonObject, ids: DocumentIds): Citation[] {
  const sources = Array.isArray(cited["sources"]) ? cited["sources"] : [];
  const start = positionOf(cited["start"]);
  const end = positionOf(cited["end"]);
  return sources.flatMap((source) => {
    const { id, document } = objectOf(source) ?? {};
    if (textOf(id) === "") return [];
    return create(CitationSchema, {
      source: { case: "documentId", value: ids.ownFor(textOf(id)) },
      title: textOf(objectOf(document)?.["title"]),
      ...(start === undefined ? {} : { startCodePoint: start }),
      ...(end === undefined ? {} : { endCodePoint: end }),
    });
  });
}
