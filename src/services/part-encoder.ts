import type { ContentPart } from "../../gen/llmhub/v1/content_pb.ts";
import type { BackwardWriter } from "./backward-writer.ts";
import { isEmpty } from "./fact-encoder.ts";

/** Whether it can be written by hand: it is text, and nothing besides. */
export function isPlainPart({
  part,
  citations,
  cacheHint,
  signature,
  providerOptions,
  $unknown,
}: ContentPart): boolean {
  const isBare = cacheHint === undefined && signature === undefined && $unknown === undefined;
  return part.case === "text" && isBare && citations.length === 0 && isEmpty(providerOptions);
}

/** Writes a plain one as a field. */
export function writePart(writer: BackwardWriter, field: number, { part }: ContentPart): void {
  const end = writer.at;
  writer.member(1, part.value as string);
  writer.closed(field, end);
}
