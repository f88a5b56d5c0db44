import { create, type JsonObject } from "@bufbuild/protobuf";
import { StreamFinishedSchema, UsageUpdateSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { ContentPartSchema } from "../../../gen/llmhub/v1/content_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { Chunk } from "../../model/chunk.ts";
import { badResponse, partsMax, tooManyParts } from "../bad-response.ts";
import { CallIds } from "../call-ids.ts";
import { objectOf, parseExactObject, pieceOf, textOf } from "../field.ts";
import { documentIdsOf } from "../groups.ts";
import { PartWriter } from "../part-writer.ts";
import { citationOf } from "./citation.ts";
import { isDocument } from "./media.ts";
import { finishReasonOf } from "./stop-reason.ts";
import { headOfDelta } from "./text-delta.ts";
import { laterUsage, usageOf } from "./usage.ts";

/** Which kind of block takes a delta of each type. */
const takers: ReadonlyMap<string, OpenBlock["kind"]> = new Map([
  ["text_delta", "text"],
  ["citations_delta", "text"],
  ["thinking_delta", "thinking"],
  ["signature_delta", "thinking"],
  ["input_json_delta", "tool"],
]);

/** A content block that has begun and not ended. Text needs no more than the writer knows. */
type OpenBlock =
  | { readonly kind: "text" }
  | { readonly kind: "thinking"; signature: string }
  | { readonly kind: "tool"; readonly part: number; readonly input: unknown; grown: boolean }
  | { readonly kind: "own"; readonly block: JsonObject; input: string };

/** One message of the model, block by block. A whole answer is a stream whose blocks come complete. */
export class Answer {
  /** Model name the provider reports. */
  model = "";
  /** The provider has said why it stopped. */
  isStopped = false;
  /** How an event begins that adds text to the block begun last; undefined where that one is of another kind. */
  textHead: string | undefined;
  readonly #attempt: Attempt;
  /** Whose parts, signatures and metadata these are. */
  readonly #provider: string;
  readonly #hidesReasoning: boolean;
  readonly #ids: CallIds;
  readonly #writer = new PartWriter();
  readonly #blocks = new Map<number, OpenBlock>();
  #documentIds: readonly string[] | undefined;
  #usage: JsonObject | undefined;
  /** stop_reason, stop_sequence, stop_details, container. */
  #ending: JsonObject = {};

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
    this.#ids = new CallIds(attempt.call.request);
    this.#provider = attempt.target.provider.id;
    this.#hidesReasoning = attempt.call.request.reasoning?.hideText ?? false;
  }

  /** Takes the message without its content. */
  begin(message: JsonObject): void {
    this.model = textOf(message["model"]);
    this.count(message["usage"]);
  }

  /** Takes totals, which replace earlier ones. */
  count(usage: unknown): void {
    const totals = objectOf(usage);
    if (totals !== undefined) this.#usage = laterUsage(this.#usage, totals);
  }

  /** Tells the totals so far, if there are any. */
  tellUsage(out: Chunk[]): void {
    if (this.#usage === undefined) return;
    out.push({ case: "usage", value: create(UsageUpdateSchema, { usage: usageOf(this.#usage) }) });
  }

  /** Takes the fields that say why the answer ends. What says nothing takes nothing back. */
  stop(ending: JsonObject): void {
    if (textOf(ending["stop_reason"]) === "") return;
    this.#ending = ending;
    this.isStopped = true;
  }

  startBlock(index: number, block: JsonObject, out: Chunk[]): void {
    if (this.#writer.count >= partsMax) {
      throw tooManyParts();
    }
    if (textOf(block["type"]) === "") {
      throw badResponse("bad_block", `sent a block ${index} without a type`);
    }
    this.#writer.close(out);
    const open = this.#open(block, out);
    this.textHead = open.kind === "text" ? headOfDelta(index) : undefined;
    this.#blocks.set(index, open);
  }

  /** Hot path of text. */
  text(fragment: string, out: Chunk[]): void {
    this.#writer.text("text", fragment, out);
  }

  growBlock(index: number, delta: JsonObject, out: Chunk[]): void {
    const open = this.#blocks.get(index);
    if (open === undefined) throw badResponse("unknown_block", `added to block ${index}, which is not open`);
    if (open.kind === "own") {
      growOwn(open, delta);
      return;
    }
    const { type } = delta;
    const taker = takers.get(textOf(type));
    if (taker === undefined) return;
    if (taker !== open.kind) throw badResponse("bad_delta", `added ${taker} to block ${index}, which is ${open.kind}`);
    if (type === "text_delta") this.text(pieceOf(delta["text"]), out);
    else if (type === "thinking_delta") this.#reason(pieceOf(delta["thinking"]), out);
    else if (type === "citations_delta") this.#cite([delta["citation"]], out);
    else if (open.kind === "thinking") open.signature += pieceOf(delta["signature"]);
    else if (open.kind === "tool") {
      const fragment = pieceOf(delta["partial_json"]);
      if (fragment !== "") open.grown = true;
      this.#writer.arguments(open.part, fragment, out);
    }
  }

  stopBlock(index: number, out: Chunk[]): void {
    const open = this.#blocks.get(index);
    this.#blocks.delete(index);
    this.textHead = undefined;
    if (open?.kind === "text") this.#writer.close(out);
    else if (open?.kind === "thinking") this.#closeThinking(open.signature, out);
    else if (open?.kind === "tool") {
      // A call without arguments streams none; the whole answer shows {} for it.
      if (!open.grown) this.#writer.arguments(open.part, JSON.stringify(open.input ?? {}), out);
      this.#writer.closeTool(open.part, out);
    } else if (open?.kind === "own") this.#writeOwn(open, out);
  }

  /** Ends every part and the answer. Throws when the provider never said why it stopped. */
  finish(out: Chunk[]): void {
    if (!this.isStopped) throw badResponse("missing_stop_reason", "did not say why its answer ends");
    for (const index of this.#blocks.keys()) this.stopBlock(index, out);
    this.#writer.closeAll(out);
    const stopReason = textOf(this.#ending["stop_reason"]);
    const { stop_details: stopDetails, container } = this.#ending;
    const extras = { ...(stopDetails ? { stop_details: stopDetails } : {}), ...(container ? { container } : {}) };
    const value = create(StreamFinishedSchema, {
      finishReason: finishReasonOf(stopReason),
      nativeFinishReason: stopReason,
      stopSequence: textOf(this.#ending["stop_sequence"]),
      ...(this.#usage === undefined ? {} : { usage: usageOf(this.#usage) }),
      providerMetadata: Object.keys(extras).length === 0 ? {} : { [this.#provider]: extras },
    });
    out.push({ case: "finished", value });
  }

  #open(block: JsonObject, out: Chunk[]): OpenBlock {
    switch (block["type"]) {
      case "text":
        this.text(textOf(block["text"]), out);
        this.#cite(block["citations"], out);
        return { kind: "text" };
      case "thinking":
        this.#reason(textOf(block["thinking"]), out);
        return { kind: "thinking", signature: textOf(block["signature"]) };
      case "tool_use": {
        const id = this.#ids.next(textOf(block["id"]));
        const part = this.#writer.tool(id, textOf(block["name"]), out, callerOf(block, this.#provider));
        return { kind: "tool", part, input: block["input"], grown: false };
      }
      default:
        return { kind: "own", block: { ...block }, input: "" };
    }
  }

  #reason(fragment: string, out: Chunk[]): void {
    if (!this.#hidesReasoning) this.#writer.text("reasoning", fragment, out);
  }

  #closeThinking(signature: string, out: Chunk[]): void {
    this.#writer.close(out, signature === "" ? undefined : { signature: signed(signature, this.#provider) });
  }

  #cite(locations: unknown, out: Chunk[]): void {
    if (!Array.isArray(locations)) return;
    this.#documentIds ??= documentIdsOf(this.#attempt.call.request, isDocument);
    for (const location of locations) {
      const known = objectOf(location);
      if (known !== undefined) this.#writer.citation(citationOf(known, this.#documentIds), out);
    }
  }

  #writeOwn(own: OpenBlock & { kind: "own" }, out: Chunk[]): void {
    const part =
      own.block["type"] === "redacted_thinking"
        ? redacted(own.block, this.#provider)
        : providerPart(own, this.#provider);
    this.#writer.whole(create(ContentPartSchema, part), out);
  }
}

function providerPart({ block, input }: OpenBlock & { kind: "own" }, provider: string) {
  const json = JSON.stringify(input === "" ? block : { ...block, input: inputOf(input) });
  return { part: { case: "providerPart" as const, value: { provider, kind: textOf(block["type"]), json } } };
}

/** Input that the output limit cut off is no JSON: it stays the text it is. */
function inputOf(json: string): JsonObject | string {
  return parseExactObject(json) ?? json;
}

/** A call made by code that the provider runs says so, and the provider wants to be told again. */
function callerOf({ caller }: JsonObject, provider: string) {
  const known = objectOf(caller);
  return known === undefined || known["type"] === "direct"
    ? {}
    : { providerOptions: { [provider]: { caller: known } } };
}

/** The empty signature says only whose reasoning this is. */
function redacted(block: JsonObject, provider: string) {
  const value = { encryptedContent: textOf(block["data"]) };
  return { part: { case: "reasoning" as const, value }, signature: signed("", provider) };
}

function signed(value: string, provider: string) {
  return { $typeName: "llmhub.v1.PartSignature" as const, provider, value };
}

/** Input comes as pieces of JSON text; any other field as pieces of the field of the same name. */
function growOwn(open: OpenBlock & { kind: "own" }, delta: JsonObject): void {
  if (delta["type"] === "input_json_delta") {
    open.input += pieceOf(delta["partial_json"]);
    return;
  }
  for (const [field, piece] of Object.entries(delta)) {
    const before = open.block[field];
    if (field === "type" || piece === undefined) continue;
    open.block[field] = typeof before === "string" && typeof piece === "string" ? before + piece : piece;
  }
}
