import { create } from "@bufbuild/protobuf";
import type { PartFinished, TokenLogprob } from "../../gen/llmhub/v1/completion_pb.ts";
import { PartDeltaSchema, PartStartedSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import {
  type Citation,
  type ContentPart,
  ContentPartSchema,
  type PartSignature,
  ReasoningPartSchema,
} from "../../gen/llmhub/v1/content_pb.ts";
import { type Chunk, textDelta } from "../model/chunk.ts";

/** Kinds of part that grow by text. */
export type TextKind = "text" | "reasoning" | "refusal";

/** What is known of a part only at its end. */
export interface PartEnding {
  readonly signature?: PartSignature;
  readonly encryptedContent?: string;
}

/** What a part can have from its start. */
type PartExtras = Partial<Pick<ContentPart, "signature" | "providerOptions">>;

/** An open tool call. */
interface OpenTool {
  /** High surrogate that waits for its other half. */
  carry: string;
  ending: PartEnding;
}

const none = -1;

/** Stands for half a surrogate pair whose other half never came: alone it cannot be sent. */
const loneHalf = "\ufffd";

/**
 * Turns a dialect's fragments into parts. At most one part that grows by text is open at a time, because text of
 * another kind closes it; tool calls stay open beside it, since providers interleave their arguments. A part begins
 * with its first content, so preamble yields nothing. No delta ends inside a surrogate pair, and half a pair that stays
 * alone becomes U+FFFD, because no message can carry it.
 */
export class PartWriter {
  #next = 0;
  #open = none;
  #kind: TextKind = "text";
  /** High surrogate whose other half has not come. */
  #carry = "";
  /** Undefined until there is one. */
  #tools: Map<number, OpenTool> | undefined;
  #reasoningSignature: PartSignature | undefined;
  #isSummary = false;

  /** Parts begun so far. */
  get count(): number {
    return this.#next;
  }

  /** Parts of reasoning that begin from now on carry this signature, unless their ending brings another. */
  signReasoning(signature: PartSignature): void {
    this.#reasoningSignature = signature;
  }

  /** Parts of reasoning that begin from now on are summaries by the provider, or the reasoning itself. */
  markSummary(isSummary: boolean): void {
    this.#isSummary = isSummary;
  }

  /** Appends text to the open part of this kind, beginning one where another kind or none is open. */
  text(kind: TextKind, fragment: string, out: Chunk[], logprobs?: TokenLogprob[]): void {
    if (fragment === "" && logprobs === undefined) return;
    if (this.#open === none || this.#kind !== kind) this.#begin(kind, out);
    const text = this.#whole(fragment);
    if (logprobs !== undefined) out.push(withLogprobs(textChunk(kind, this.#open, text), logprobs));
    else if (text !== "") out.push(textChunk(kind, this.#open, text));
  }

  /** Adds a source to the open text part, beginning one where none is open. */
  citation(citation: Citation, out: Chunk[]): void {
    if (this.#open === none || this.#kind !== "text") this.#begin("text", out);
    const delta = { case: "citation", value: citation } as const;
    out.push({ case: "partDelta", value: create(PartDeltaSchema, { index: this.#open, delta }) });
  }

  /** Begins a tool call; returns the index for its arguments. */
  tool(id: string, name: string, out: Chunk[], extras: PartExtras = {}): number {
    this.close(out);
    const index = this.#next++;
    const value = { id: id.toWellFormed(), name: name.toWellFormed() };
    const part = create(ContentPartSchema, { ...extras, part: { case: "toolCall", value } });
    out.push({ case: "partStarted", value: create(PartStartedSchema, { index, part }) });
    this.#tools ??= new Map();
    this.#tools.set(index, { carry: "", ending: {} });
    return index;
  }

  /** What is to be told at the end of an open tool call. */
  endTool(index: number, ending: PartEnding): void {
    const tool = this.#tools?.get(index);
    if (tool !== undefined) tool.ending = ending;
  }

  /** Appends to the arguments of a tool call. */
  arguments(index: number, fragment: string, out: Chunk[]): void {
    const tool = this.#tools?.get(index);
    if (fragment === "" || tool === undefined) return;
    const text = tool.carry + fragment;
    const split = endsInHalf(text);
    tool.carry = split ? text.slice(-1) : "";
    const whole = split ? text.slice(0, -1) : text;
    if (whole !== "") out.push(argumentsChunk(index, whole.toWellFormed()));
  }

  /** Ends a tool call before the others. */
  closeTool(index: number, out: Chunk[]): void {
    const tool = this.#tools?.get(index);
    if (tool === undefined) return;
    this.#tools?.delete(index);
    if (tool.carry !== "") out.push(argumentsChunk(index, loneHalf));
    finish(index, tool.ending, out);
  }

  /** A part that does not grow. */
  whole(part: ContentPart, out: Chunk[]): void {
    this.close(out);
    const index = this.#next++;
    out.push({ case: "partStarted", value: create(PartStartedSchema, { index, part }) });
    finish(index, {}, out);
  }

  /** Ends the open text part, if any. An ending without an open part makes an empty part of `kind` first. */
  close(out: Chunk[], ending?: PartEnding, kind: TextKind = "reasoning"): void {
    if (this.#open === none) {
      if (ending === undefined) return;
      this.#begin(kind, out);
    }
    if (this.#carry !== "") {
      out.push(textChunk(this.#kind, this.#open, loneHalf));
      this.#carry = "";
    }
    finish(this.#open, ending ?? {}, out);
    this.#open = none;
  }

  /** Ends every part. */
  closeAll(out: Chunk[]): void {
    this.close(out);
    if (this.#tools !== undefined) for (const index of this.#tools.keys()) this.closeTool(index, out);
  }

  #begin(kind: TextKind, out: Chunk[]): void {
    this.close(out);
    this.#kind = kind;
    this.#open = this.#next++;
    const part = emptyPart(kind, this.#isSummary);
    if (kind === "reasoning" && this.#reasoningSignature !== undefined) part.signature = this.#reasoningSignature;
    out.push({ case: "partStarted", value: { $typeName: "llmhub.v1.PartStarted", index: this.#open, part } });
  }

  #whole(fragment: string): string {
    const text = this.#carry === "" ? fragment : this.#carry + fragment;
    const split = endsInHalf(text);
    this.#carry = split ? text.slice(-1) : "";
    return (split ? text.slice(0, -1) : text).toWellFormed();
  }
}

/** A part before it grows. */
function emptyPart(kind: TextKind, summary: boolean): ContentPart {
  const seed =
    kind === "reasoning" ? { case: kind, value: create(ReasoningPartSchema, { summary }) } : { case: kind, value: "" };
  return { $typeName: "llmhub.v1.ContentPart", part: seed, citations: [], providerOptions: {} };
}

function endsInHalf(text: string): boolean {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff;
}

function textChunk(kind: TextKind, index: number, text: string): Chunk & { case: "partDelta" } {
  const chunk = textDelta(index, text);
  if (kind !== "text") chunk.value.delta = { case: kind, value: text };
  return chunk;
}

function argumentsChunk(index: number, text: string): Chunk {
  const chunk = textDelta(index, "");
  chunk.value.delta = { case: "argumentsJson", value: text };
  return chunk;
}

function withLogprobs(chunk: Chunk & { case: "partDelta" }, logprobs: TokenLogprob[]): Chunk {
  chunk.value.logprobs = logprobs;
  return chunk;
}

function finish(index: number, ending: PartEnding, out: Chunk[]): void {
  const { encryptedContent = "", signature } = ending;
  const value: PartFinished = { $typeName: "llmhub.v1.PartFinished", index, encryptedContent };
  if (signature !== undefined) value.signature = signature;
  out.push({ case: "partFinished", value });
}
