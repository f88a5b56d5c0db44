import type { JsonObject } from "@bufbuild/protobuf";
import type { ContentPart } from "../../../gen/llmhub/v1/content_pb.ts";
import { citationOf } from "../../protocols/responses/citation.ts";
import { family } from "../../protocols/responses/wire.ts";
import { invalidField } from "../body.ts";
import { fileAt, type MediaOf, mediaAt, partOf, textOf } from "../parts.ts";
import type { InputContent, MessageItem } from "./schema.ts";

/** Text or media. */
type Given = MediaOf | { readonly case: "text"; value: string };
type InputPart = Exclude<InputContent, string>[number];
type SaidContent = Extract<MessageItem, { role: "assistant" }>["content"];

/** What the user says or a tool returns. `path` is that of the content; throws INVALID_REQUEST for media without content. */
export function inputParts(content: InputContent, path: string): Given[] {
  if (typeof content === "string") return [{ case: "text", value: content }];
  return content.map((part, index) => inputPart(part, `${path}[${index}]`));
}

/** The same as parts of a message. */
export function promptParts(content: InputContent, path: string): ContentPart[] {
  return inputParts(content, path).map((part) => partOf(part));
}

/** What the model said. */
export function saidParts(content: SaidContent): ContentPart[] {
  if (typeof content === "string") return [textOf(content)];
  return content.map((part) => {
    if (part.type === "refusal") return partOf({ case: "refusal", value: part.refusal });
    const said = textOf(part.text);
    said.citations = (part.annotations ?? []).flatMap((annotation) => citationOf(annotation as JsonObject) ?? []);
    return said;
  });
}

function inputPart(part: InputPart, path: string): Given {
  switch (part.type) {
    case "input_image":
      return imageOf(part, path);
    case "input_file":
      return fileOf(part, path);
    default:
      return { case: "text", value: part.text };
  }
}

function imageOf({ image_url, file_id, detail }: Extract<InputPart, { type: "input_image" }>, path: string): MediaOf {
  if (typeof image_url === "string") return mediaAt(image_url, { mimeType: "image/*", detail: detail ?? "" });
  if (typeof file_id !== "string") throw invalidField(path, "needs image_url or file_id");
  const media = fileAt(family, file_id);
  media.value.mimeType = "image/*";
  media.value.detail = detail ?? "";
  return media;
}

function fileOf(part: Extract<InputPart, { type: "input_file" }>, path: string): MediaOf {
  const { file_data, file_id, file_url, filename } = part;
  if (typeof file_id === "string") return fileAt(family, file_id, filename ?? "");
  if (typeof file_url === "string") return mediaAt(file_url, { mimeType: "application/pdf", filename: filename ?? "" });
  if (typeof file_data === "string") return mediaAt(file_data, { filename: filename ?? "" });
  throw invalidField(path, "needs file_data, a data: URI, or file_url or file_id");
}
