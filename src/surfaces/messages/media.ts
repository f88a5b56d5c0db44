import type { ContentPart, DocumentPart, ToolResultPart } from "../../../gen/llmhub/v1/content_pb.ts";
import { family } from "../../protocols/messages/wire.ts";
import { fileAt, type MediaOf, mediaAt } from "../parts.ts";
import type { KnownBlock, ToldBlock } from "./schema.ts";

type Of<Type extends KnownBlock["type"]> = Extract<KnownBlock, { type: Type }>;
type Source = Of<"image">["source"];

/** A picture. */
export function imageOf({ source }: Of<"image">): MediaOf {
  return mediaOf(source, "image/*", "");
}

/** A document as the model is to read it, and to cite it if that is wanted. */
export function documentOf(block: Of<"document">): Extract<ContentPart["part"], { case: "document" }> {
  const { source, title, context, citations } = block;
  const value: DocumentPart = {
    $typeName: "llmhub.v1.DocumentPart",
    body: bodyOf(source, title ?? ""),
    title: title ?? "",
    uri: sourceIn(context ?? ""),
    documentId: "",
    citable: citations?.enabled ?? false,
  };
  return { case: "document", value };
}

const sourceMark = "Source: ";

/** The address in a context that says nothing else, as the gateway itself writes it to Anthropic's models; else empty. */
export function sourceIn(context: string): string {
  return context.startsWith(sourceMark) ? context.slice(sourceMark.length) : "";
}

/** What a tool returned, as far as every provider can be told. */
export type ToldContent = string | ToldBlock[] | null | undefined;

const toldTypes: ReadonlySet<string> = new Set(["text", "image", "document"] satisfies ToldBlock["type"][]);

/** Whether a tool returned nothing that only Anthropic's own models know, such as references to tools. */
export function isTold(content: Of<"tool_result">["content"]): content is ToldContent {
  return !Array.isArray(content) || content.every(({ type }) => toldTypes.has(type));
}

/** What a tool returned, part by part. */
export function resultParts(content: ToldContent): ToolResultPart["part"][] {
  if (content === undefined || content === null) return [];
  if (typeof content === "string") return [{ case: "text", value: content }];
  return content.map((block) => {
    if (block.type === "image") return imageOf(block);
    return block.type === "document" ? documentOf(block) : { case: "text", value: block.text };
  });
}

function bodyOf(source: Of<"document">["source"], filename: string): DocumentPart["body"] {
  switch (source.type) {
    case "text":
      return { case: "text", value: source.data };
    case "content": {
      const { content } = source;
      return {
        case: "text",
        value: typeof content === "string" ? content : content.map(({ text }) => text).join("\n"),
      };
    }
    default:
      return mediaOf(source, "application/pdf", filename);
  }
}

function mediaOf(source: Source, mimeType: string, filename: string): MediaOf {
  switch (source.type) {
    case "base64":
      return mediaAt(`data:${source.media_type};base64,${source.data}`, { mimeType: source.media_type, filename });
    case "url":
      return mediaAt(source.url, { mimeType, filename });
    case "file":
      return fileAt(family, source.file_id, filename);
  }
}
