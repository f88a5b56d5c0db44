import { create, type JsonObject } from "@bufbuild/protobuf";
import { StreamFinishedSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { ContentPartSchema } from "../../../gen/llmhub/v1/content_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { Chunk } from "../../model/chunk.ts";
import { badResponse, partsMax, tooManyParts } from "../bad-response.ts";
import { CallIds } from "../call-ids.ts";
import { objectOf, pieceOf, textOf } from "../field.ts";
import { documentIdsOf } from "../groups.ts";
import { PartWriter } from "../part-writer.ts";
import { answerToolOf } from "./answer-form.ts";
import { citationOf } from "./citation.ts";
import { isDocument } from "./media.ts";
import { signerOf } from "./model-id.ts";
import { bytesOf, growOwn, memberOf, type OpenBlock, reasoningOf, wholeOf } from "./open-block.ts";
import { finishReasonOf } from "./stop-reason.ts";
import { usageOf } from "./usage.ts";

/** What is told about an answer besides its content, and passed on. */
const extras = ["metrics", "trace", "performanceConfig", "serviceTier", "additionalModelResponseFields"] as const;

/** One message of the model, block by block. A whole answer is a stream whose blocks come complete. */
export class Answer {
  /** The provider has said why it stopped. */
  isStopped = false;
  readonly #attempt: Attempt;
  /** Whose parts, signatures and metadata these are. */
  readonly #provider: string;
  readonly #hidesReasoning: boolean;
  readonly #answerTool: string | undefined;
  readonly #writer = new PartWriter();
  readonly #ids: CallIds;
  readonly #blocks = new Map<number, OpenBlock>();
  #documentIds: readonly string[] | undefined;
  #callsTools = false;
  #stopReason = "";
  /** Members of messageStop and metadata. */
  #ending: JsonObject = {};

  constructor(attempt: Attempt) {
    const { request } = attempt.call;
    this.#attempt = attempt;
    this.#ids = new CallIds(request);
    this.#provider = attempt.target.provider.id;
    this.#hidesReasoning = request.reasoning?.hideText ?? false;
    this.#answerTool = answerToolOf(request, attempt.target.model);
  }

  /** Takes what is said about the answer as a whole. */
  note(ending: JsonObject): void {
    this.#ending = { ...this.#ending, ...ending };
    const reason = textOf(ending["stopReason"]);
    if (reason === "") return;
    this.#stopReason = reason;
    this.isStopped = true;
  }

  /** Takes a block that comes complete. */
  whole(block: JsonObject, out: Chunk[]): void {
    const { member, value } = memberOf(block);
    if (typeof block["text"] === "string") this.#open(0, { kind: "text" }, out);
    if (typeof block["text"] === "string") this.#writer.text("text", block["text"], out);
    else if (member === "toolUse") {
      this.start(0, block, out);
      const { input } = value;
      if (this.#blocks.get(0)?.kind !== "own") this.grow(0, { toolUse: { input: JSON.stringify(input ?? {}) } }, out);
    } else if (member === "reasoningContent") {
      const { text, signature, redacted } = reasoningOf(value);
      this.grow(0, { reasoningContent: { text, signature, redactedContent: redacted } }, out);
    } else if (member === "citationsContent") this.#cited(value, out);
    else if (member !== "") this.start(0, block, out);
    else throw badResponse("bad_block", "sent a content block without a kind");
    this.stopBlock(0, out);
  }

  /** Begins a block that says what it is before it grows. Text and reasoning just grow. */
  start(index: number, start: JsonObject, out: Chunk[]): void {
    const { member, value } = memberOf(start);
    if (member === "image") {
      const bytes = textOf(objectOf(value["source"])?.["bytes"]);
      this.#open(index, { kind: "image", format: textOf(value["format"]), bytes: bytes === "" ? [] : [bytes] }, out);
    } else if (member !== "toolUse" || value["type"] !== undefined) {
      if (member !== "") this.#open(index, { kind: "own", member, value, input: "", content: [] }, out);
    } else if (textOf(value["name"]) === this.#answerTool) this.#open(index, { kind: "answer", grown: false }, out);
    else {
      this.#checkCount();
      const part = this.#writer.tool(this.#ids.next(textOf(value["toolUseId"])), textOf(value["name"]), out);
      this.#callsTools = true;
      this.#blocks.set(index, { kind: "tool", part, grown: false });
    }
  }

  /** Adds to a block. Hot path. */
  grow(index: number, delta: JsonObject, out: Chunk[]): void {
    const { text } = delta;
    if (typeof text === "string") {
      this.#expectText(index, out);
      this.#writer.text("text", text, out);
      return;
    }
    const { member, value } = memberOf(delta);
    const open = this.#blocks.get(index);
    if (open?.kind === "own") growOwn(open, delta[member === "" ? "toolResult" : member]);
    else if (member === "toolUse") this.#growTool(open, pieceOf(value["input"]), out);
    else if (member === "reasoningContent") this.#reason(index, value, out);
    else if (member === "image" && open?.kind === "image") {
      open.bytes.push(textOf(objectOf(value["source"])?.["bytes"]));
    } else if (member === "citation") {
      this.#expectText(index, out);
      this.#cite(value, out);
    }
  }

  stopBlock(index: number, out: Chunk[]): void {
    const open = this.#blocks.get(index);
    this.#blocks.delete(index);
    switch (open?.kind) {
      case "text":
        this.#writer.close(out);
        break;
      case "answer":
        if (!open.grown) this.#writer.text("text", "{}", out);
        this.#writer.close(out);
        break;
      case "reasoning":
        this.#closeReasoning(open, out);
        break;
      case "tool":
        // A call without arguments streams none; the whole answer shows {} for it.
        if (!open.grown) this.#writer.arguments(open.part, "{}", out);
        this.#writer.closeTool(open.part, out);
        break;
      case "image":
        this.#writeImage(open.format, bytesOf(open.bytes), out);
        break;
      case "own":
        this.#writeOwn(open.member, wholeOf(open), out);
        break;
      default:
    }
  }

  /** Ends every part and the answer. Throws when the provider never said why it stopped. */
  finish(out: Chunk[]): void {
    if (!this.isStopped) throw badResponse("missing_stop_reason", "does not say why its answer ends");
    for (const index of this.#blocks.keys()) this.stopBlock(index, out);
    this.#writer.closeAll(out);
    const { usage } = this.#ending;
    const native = objectOf(usage);
    const told = extras.flatMap((name) => (this.#ending[name] === undefined ? [] : [[name, this.#ending[name]]]));
    // A model that answers by a tool stops for its call, which nobody is to answer.
    const isAnswered = this.#answerTool !== undefined && !this.#callsTools && this.#stopReason === "tool_use";
    const value = create(StreamFinishedSchema, {
      finishReason: finishReasonOf(isAnswered ? "end_turn" : this.#stopReason),
      nativeFinishReason: this.#stopReason,
      stopSequence: textOf(objectOf(this.#ending["additionalModelResponseFields"])?.["stop_sequence"]),
      ...(native === undefined ? {} : { usage: usageOf(native, this.#ending) }),
      providerMetadata: told.length === 0 ? {} : { [this.#provider]: Object.fromEntries(told) },
    });
    out.push({ case: "finished", value });
  }

  #checkCount(): void {
    if (this.#writer.count >= partsMax) throw tooManyParts();
  }

  #open(index: number, block: OpenBlock, out: Chunk[]): void {
    this.#checkCount();
    this.#writer.close(out);
    this.#blocks.set(index, block);
  }

  /** Begins a block of text unless it is open; a block of another kind there breaks the format. */
  #expectText(index: number, out: Chunk[]): void {
    const open = this.#blocks.get(index);
    if (open === undefined) this.#open(index, { kind: "text" }, out);
    else if (open.kind !== "text") throw badResponse("bad_delta", `sent text for a block that is ${open.kind}`);
  }

  #growTool(open: OpenBlock | undefined, fragment: string, out: Chunk[]): void {
    if (open?.kind !== "tool" && open?.kind !== "answer") {
      throw badResponse("unknown_block", "sent input of a tool that was not called");
    }
    if (fragment === "") return;
    open.grown = true;
    if (open.kind === "tool") this.#writer.arguments(open.part, fragment, out);
    else this.#writer.text("text", fragment, out);
  }

  #reason(index: number, { text, signature, redactedContent }: JsonObject, out: Chunk[]): void {
    let open = this.#blocks.get(index);
    if (open === undefined) {
      open = { kind: "reasoning", signature: "", redacted: [] };
      this.#open(index, open, out);
    }
    if (open.kind !== "reasoning") throw badResponse("bad_delta", `sent reasoning for a block that is ${open.kind}`);
    if (!this.#hidesReasoning) this.#writer.text("reasoning", pieceOf(text), out);
    open.signature += pieceOf(signature);
    if (pieceOf(redactedContent) !== "") open.redacted.push(pieceOf(redactedContent));
  }

  #closeReasoning({ signature, redacted }: OpenBlock & { kind: "reasoning" }, out: Chunk[]): void {
    this.#writer.close(out, signature === "" ? undefined : { signature: this.#signed(signature) });
    if (redacted.length === 0) return;
    const value = { encryptedContent: bytesOf(redacted).toString("base64") };
    // The empty signature says only whose reasoning this is.
    const part = { part: { case: "reasoning" as const, value }, signature: this.#signed("") };
    this.#writer.whole(create(ContentPartSchema, part), out);
  }

  #signed(value: string) {
    const provider = signerOf(this.#attempt.target);
    return { $typeName: "llmhub.v1.PartSignature" as const, provider, value };
  }

  #cited({ content, citations }: JsonObject, out: Chunk[]): void {
    this.#open(0, { kind: "text" }, out);
    if (Array.isArray(content)) {
      for (const piece of content) this.#writer.text("text", textOf(objectOf(piece)?.["text"]), out);
    }
    if (!Array.isArray(citations)) return;
    for (const citation of citations) this.#cite(objectOf(citation) ?? {}, out);
  }

  #cite(citation: JsonObject, out: Chunk[]): void {
    this.#documentIds ??= documentIdsOf(this.#attempt.call.request, isDocument);
    this.#writer.citation(citationOf(citation, this.#documentIds), out);
  }

  #writeImage(format: string, data: Uint8Array, out: Chunk[]): void {
    const value = { source: { case: "data" as const, value: data }, mimeType: `image/${format}` };
    this.#writer.whole(create(ContentPartSchema, { part: { case: "media", value } }), out);
  }

  #writeOwn(kind: string, block: JsonObject, out: Chunk[]): void {
    const value = { provider: this.#provider, kind, json: JSON.stringify(block) };
    this.#writer.whole(create(ContentPartSchema, { part: { case: "providerPart", value } }), out);
  }
}
