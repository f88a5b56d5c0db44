import type { JsonObject } from "@bufbuild/protobuf";
import { objectOf, parseExactObject, pieceOf, textOf } from "../field.ts";

/** A content block that has begun and not ended. Text needs no more than the writer knows. */
export type OpenBlock =
  | { readonly kind: "text" }
  /** The input of the tool by which the model answers. */
  | { readonly kind: "answer"; grown: boolean }
  | { readonly kind: "reasoning"; signature: string; readonly redacted: string[] }
  | { readonly kind: "tool"; readonly part: number; grown: boolean }
  | { readonly kind: "image"; readonly format: string; readonly bytes: string[] }
  | OwnBlock;

/** A block without a common form: a tool that the provider ran, and what it returned. */
export interface OwnBlock {
  readonly kind: "own";
  readonly member: string;
  readonly value: JsonObject;
  input: string;
  readonly content: unknown[];
}

/** Adds to a block without a common form: input as pieces of JSON text, content as further items. */
export function growOwn(open: OwnBlock, delta: unknown): void {
  if (Array.isArray(delta)) open.content.push(...delta);
  else open.input += pieceOf(objectOf(delta)?.["input"]);
}

/** The block as it would have come whole. Input that the output limit cut off is no JSON: it stays the text it is. */
export function wholeOf({ member, value, input, content }: OwnBlock): JsonObject {
  const grown = {
    ...(input === "" ? {} : { input: parseExactObject(input) ?? input }),
    ...(content.length === 0 ? {} : { content }),
  } as JsonObject;
  return { [member]: { ...value, ...grown } };
}

/** The bytes of several base64 texts, which may each end in padding. */
export function bytesOf(pieces: readonly string[]): Buffer {
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece, "base64")));
}

/** The only member of a union, by its name. */
export function memberOf(block: JsonObject): { member: string; value: JsonObject } {
  const [member = ""] = Object.keys(block).filter((name) => objectOf(block[name]) !== undefined);
  return { member, value: objectOf(block[member]) ?? {} };
}

/** What a block of reasoning says: its text and the proof of it, or only what stands for both. */
export function reasoningOf(block: JsonObject) {
  const { reasoningText, redactedContent } = block;
  const known = objectOf(reasoningText);
  return {
    text: textOf(known?.["text"]),
    signature: textOf(known?.["signature"]),
    redacted: textOf(redactedContent),
  };
}
