import { create } from "@bufbuild/protobuf";
import { type Citation, CitationSchema } from "../../../gen/llmhub/v1/content_pb.ts";
import { isObject } from "./wire.ts";

interface UrlCitation {
  readonly url?: unknown;
  readonly title?: unknown;
  readonly start_index?: unknown;
  readonly end_index?: unknown;
}

/** Largest int32. */
const positionMax = 2 ** 31 - 1;

/** The source behind an annotation; undefined for kinds other than "url_citation". Positions that are none are left out. */
export function readCitation(annotation: unknown): Citation | undefined {
  if (!isObject<{ url_citation?: unknown }>(annotation)) return undefined;
  const { url_citation: cited } = annotation;
  if (!isObject<UrlCitation>(cited) || typeof cited.url !== "string") return undefined;
  const { url, title, start_index: start, end_index: end } = cited;
  return create(CitationSchema, {
    source: { case: "uri", value: url.toWellFormed() },
    title: typeof title === "string" ? title.toWellFormed() : "",
    ...(isPosition(start) ? { startCodePoint: start } : {}),
    ...(isPosition(end) ? { endCodePoint: end } : {}),
  });
}

function isPosition(value: unknown): value is number {
  return Number.isInteger(value) && typeof value === "number" && value >= 0 && value <= positionMax;
}
