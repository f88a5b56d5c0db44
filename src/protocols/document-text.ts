import type { DocumentPart } from "../../gen/llmhub/v1/content_pb.ts";

/** Text of a document as the model should read it where a dialect has no documents: under its title and its source. */
export function documentText(document: DocumentPart, text: string): string {
  return titled(documentHead(document), text);
}

/** Title and source of a document, a line each; empty where it has neither. */
export function documentHead({ title, uri }: DocumentPart): string {
  return [title, uri && `Source: ${uri}`].filter((line) => line !== "").join("\n");
}

/** Text under a title, if it has one. */
export function titled(title: string, text: string): string {
  return title === "" ? text : `${title}\n\n${text}`;
}
