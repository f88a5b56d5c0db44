import type { CompleteRequest } from "../../gen/llmhub/v1/completion_pb.ts";
import type { ContentPart, DocumentPart, MediaPart, ToolResultPart } from "../../gen/llmhub/v1/content_pb.ts";
import type { Tool } from "../../gen/llmhub/v1/tool_pb.ts";
import type { Asked } from "./call.ts";

/** UTF-8 bytes of one token: about right for English prose and code, too many for other scripts and for base64. */
const bytesPerToken = 4;
/** Role and separators of one message. */
const messageTokens = 4;
/** An image, and any file whose length in tokens cannot be seen: a picture of 1.2 megapixels divided by 750. */
const mediaTokens = 1600;
/** An image that is to be seen in low detail. */
const lowDetailTokens = 85;

/** Tokens of a text: a quarter of its UTF-8 bytes, rounded up, and at least 1 unless it is empty. */
export function estimateTokens(text: string): number {
  return tokensOfBytes(Buffer.byteLength(text));
}

/** Tokens of a text of which only the UTF-8 length is known. */
export function tokensOfBytes(bytes: number): number {
  return Math.ceil(bytes / bytesPerToken);
}

/**
 * Input tokens of a request, in time linear in its size: the text of everything the model reads (system, messages, tool
 * calls and results, tools, answer schema) by `estimateTokens`, 4 tokens per message and a flat 1,600 per image or other
 * file (85 for an image in low detail). Provider options are not counted. Texts to embed and documents to rank count by
 * `estimateTokens`, and the query once for each document, because it is read with each.
 */
export function estimateInput(request: Asked): number {
  switch (request.$typeName) {
    case "llmhub.v1.CompleteRequest":
      return promptTokens(request);
    case "llmhub.v1.EmbedRequest":
      return tokensOfAll(request.inputs);
    case "llmhub.v1.RerankRequest":
      return tokensOfAll(request.documents) + request.documents.length * estimateTokens(request.query);
  }
}

function tokensOfAll(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + estimateTokens(text), 0);
}

function promptTokens(request: CompleteRequest): number {
  let tokens = 0;
  if (request.system !== "") tokens += messageTokens + estimateTokens(request.system);
  if (request.input !== "") tokens += messageTokens + estimateTokens(request.input);
  for (const message of request.messages) {
    tokens += messageTokens + estimateTokens(message.text) + estimateTokens(message.name);
    for (const part of message.content) tokens += partTokens(part);
  }
  for (const tool of request.tools) tokens += toolTokens(tool);
  return tokens + formatTokens(request);
}

function partTokens({ part }: ContentPart): number {
  switch (part.case) {
    case "text":
    case "refusal":
      return estimateTokens(part.value);
    case "media":
      return fileTokens(part.value);
    case "toolCall":
      return estimateTokens(part.value.name) + estimateTokens(part.value.argumentsJson);
    case "toolResult":
      return part.value.content.reduce((sum, result) => sum + resultTokens(result), 0);
    case "reasoning":
      return estimateTokens(part.value.text) + estimateTokens(part.value.encryptedContent);
    case "document":
      return documentTokens(part.value);
    case "providerPart":
      return estimateTokens(part.value.json);
    case undefined:
      return 0;
  }
}

function resultTokens({ part }: ToolResultPart): number {
  switch (part.case) {
    case "text":
    case "json":
      return estimateTokens(part.value);
    case "media":
      return fileTokens(part.value);
    case "document":
      return documentTokens(part.value);
    case undefined:
      return 0;
  }
}

function documentTokens({ title, body }: DocumentPart): number {
  if (body.case === "text") return estimateTokens(title) + estimateTokens(body.value);
  return estimateTokens(title) + (body.case === "media" ? fileTokens(body.value) : 0);
}

function fileTokens({ source, mimeType, detail }: MediaPart): number {
  if (source.case === "data" && mimeType.startsWith("text/")) return tokensOfBytes(source.value.byteLength);
  return detail === "low" ? lowDetailTokens : mediaTokens;
}

function toolTokens({ kind }: Tool): number {
  if (kind.case === "providerTool") return estimateTokens(kind.value.id) + jsonTokens(kind.value.config);
  if (kind.case !== "function") return 0;
  const { name, description, inputSchema } = kind.value;
  const text = estimateTokens(name) + estimateTokens(description);
  if (inputSchema.case === "parametersJson") return text + estimateTokens(inputSchema.value);
  return text + jsonTokens(inputSchema.value);
}

function formatTokens({ responseFormat }: CompleteRequest): number {
  if (responseFormat?.format.case !== "jsonSchema") return 0;
  const { name, description, definition } = responseFormat.format.value;
  const text = estimateTokens(name) + estimateTokens(description);
  return text + (definition.case === "schemaJson" ? estimateTokens(definition.value) : jsonTokens(definition.value));
}

function jsonTokens(value: object | undefined): number {
  return value === undefined ? 0 : estimateTokens(JSON.stringify(value));
}
