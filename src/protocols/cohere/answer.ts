import { create, type JsonObject } from "@bufbuild/protobuf";
import { FinishReason, StreamFinishedSchema, type TokenLogprob } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { Chunk } from "../../model/chunk.ts";
import { badResponse, partsMax, tooManyParts } from "../bad-response.ts";
import { CallIds } from "../call-ids.ts";
import { objectOf, pieceOf, textOf } from "../field.ts";
import { PartWriter } from "../part-writer.ts";
import { citationsOf, isOfText } from "./citation.ts";
import { DocumentIds } from "./document-ids.ts";
import { endingFault } from "./fault.ts";
import { usageOf } from "./usage.ts";
import { planSignature } from "./wire.ts";

const finishReasons: ReadonlyMap<string, FinishReason> = new Map([
  ["COMPLETE", FinishReason.STOP],
  ["STOP_SEQUENCE", FinishReason.STOP_SEQUENCE],
  ["MAX_TOKENS", FinishReason.MAX_TOKENS],
  ["TOOL_CALL", FinishReason.TOOL_CALLS],
]);

/** No block of content. */
const none = -1;

/** One message of the model, piece by piece. */
export class Answer {
  /** Nothing in an answer names its model. */
  readonly model = "";
  readonly #attempt: Attempt;
  readonly #provider: string;
  readonly #hidesReasoning: boolean;
  readonly #writer = new PartWriter();
  readonly #ids: CallIds;
  /** Parts by the index of the tool call. */
  readonly #calls = new Map<number, number>();
  /** Index of the content block that text is added to. */
  #block = none;
  /** Signature of the reasoning that is written. */
  #reasoning: string | undefined;
  #documents: DocumentIds | undefined;

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
    this.#provider = attempt.target.provider.id;
    this.#hidesReasoning = attempt.call.request.reasoning?.hideText ?? false;
    this.#ids = new CallIds(attempt.call.request);
  }

  /** Begins a block of content, which becomes a part of its own. */
  begin(index: number, out: Chunk[]): void {
    this.#writer.close(out);
    this.#block = index;
    this.#checkRoom();
  }

  /** Hot path of text and thinking. */
  grow(content: JsonObject, logprobs: unknown, out: Chunk[]): void {
    if (content["thinking"] !== undefined) this.#reason(pieceOf(content["thinking"]), "", out);
    else this.#writer.text("text", pieceOf(content["text"]), out, logprobsOf(logprobs));
  }

  /** The plan for the tool calls that follow: reasoning. */
  plan(fragment: string, out: Chunk[]): void {
    this.#reason(fragment, planSignature, out);
  }

  /** A source of the block that is being written; the model may cite in plans and thoughts, too, where none is kept. */
  cite(cited: JsonObject, out: Chunk[]): void {
    const block = cited["content_index"];
    if (!isOfText(cited) || (typeof block === "number" && block !== this.#block)) return;
    this.#documents ??= new DocumentIds(this.#attempt.call.request);
    for (const citation of citationsOf(cited, this.#documents)) this.#writer.citation(citation, out);
  }

  call(index: number, call: JsonObject, out: Chunk[]): void {
    this.#checkRoom();
    const { name, arguments: args } = objectOf(call["function"]) ?? {};
    if (textOf(name) === "") throw badResponse("tool_call_without_name", "sent a tool call without a name");
    const part = this.#writer.tool(this.#ids.next(pieceOf(call["id"])), textOf(name), out);
    this.#calls.set(index, part);
    this.#writer.arguments(part, pieceOf(args), out);
  }

  growCall(index: number, call: JsonObject, out: Chunk[]): void {
    const part = this.#calls.get(index);
    if (part === undefined) throw badResponse("unknown_tool_call", "added to a tool call that has not begun");
    this.#writer.arguments(part, pieceOf(objectOf(call["function"])?.["arguments"]), out);
  }

  endCall(index: number, out: Chunk[]): void {
    const part = this.#calls.get(index);
    if (part !== undefined) this.#writer.closeTool(part, out);
  }

  /** Ends every part and the answer. Throws where the model failed, or never said why it ended. */
  finish(ending: JsonObject, usage: unknown, out: Chunk[]): void {
    const reason = textOf(ending["finish_reason"]);
    if (reason === "") throw badResponse("missing_finish_reason", "did not say why the answer ends");
    if (reason === "ERROR" || reason === "TIMEOUT") throw endingFault(this.#attempt, reason, ending);
    this.#writer.closeAll(out);
    const counted = usageOf(usage);
    const value = create(StreamFinishedSchema, {
      finishReason: finishReasons.get(reason) ?? FinishReason.OTHER,
      nativeFinishReason: reason,
      ...(counted === undefined ? {} : { usage: counted }),
    });
    out.push({ case: "finished", value });
  }

  #reason(fragment: string, signature: string, out: Chunk[]): void {
    if (this.#hidesReasoning || fragment === "") return;
    if (this.#reasoning !== signature) {
      this.#reasoning = signature;
      this.#writer.close(out);
      this.#writer.signReasoning({
        $typeName: "llmhub.v1.PartSignature",
        provider: this.#provider,
        value: signature,
      });
    }
    this.#writer.text("reasoning", fragment, out);
  }

  #checkRoom(): void {
    if (this.#writer.count >= partsMax) throw tooManyParts();
  }
}

/** The API tells the probabilities of several tokens under their joint text: theirs is the product. */
function logprobsOf(value: unknown): TokenLogprob[] | undefined {
  if (value === undefined) return undefined;
  const { text, logprobs } = objectOf(value) ?? {};
  if (typeof text !== "string" || !Array.isArray(logprobs) || logprobs.length === 0) return undefined;
  let logprob = 0;
  for (const one of logprobs) if (typeof one === "number") logprob += one;
  return [{ $typeName: "llmhub.v1.TokenLogprob", token: text.toWellFormed(), logprob, alternatives: [] }];
}
