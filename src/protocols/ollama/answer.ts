import { create, type JsonObject } from "@bufbuild/protobuf";
import { FinishReason, StreamFinishedSchema, type TokenLogprob } from "../../../gen/llmhub/v1/completion_pb.ts";
import { ContentPartSchema } from "../../../gen/llmhub/v1/content_pb.ts";
import { type Usage, UsageSchema, UsageSource } from "../../../gen/llmhub/v1/usage_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { Chunk } from "../../model/chunk.ts";
import { estimateInput } from "../../model/estimate.ts";
import { badResponse, partsMax, tooManyParts } from "../bad-response.ts";
import { CallIds } from "../call-ids.ts";
import { objectOf, pieceOf, positionOf, textOf } from "../field.ts";
import { readLogprobs } from "../logprobs.ts";
import { sniff } from "../mime-type.ts";
import { PartWriter } from "../part-writer.ts";

/** What the last piece tells of how the call was served; durations are nanoseconds. */
const servingFields = [
  "total_duration",
  "load_duration",
  "prompt_eval_duration",
  "eval_duration",
  "remote_model",
  "remote_host",
] as const;

/** The answer of a model, piece by piece; a whole answer is a single piece. */
export class Answer {
  /** Model name the server reports. */
  model = "";
  /** The last piece, with the counts. */
  #last: JsonObject | undefined;
  readonly #attempt: Attempt;
  readonly #provider: string;
  readonly #hidesReasoning: boolean;
  readonly #writer = new PartWriter();
  readonly #ids: CallIds;
  #hasCalls = false;
  /** Probabilities of tokens that the server holds back to see whether they begin a tool call. */
  #waiting: TokenLogprob[] = [];

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
    this.#provider = attempt.target.provider.id;
    this.#hidesReasoning = attempt.call.request.reasoning?.hideText ?? false;
    this.#ids = new CallIds(attempt.call.request);
    // Empty: it says only whose reasoning this is, so that it goes back to no other.
    this.#writer.signReasoning({ $typeName: "llmhub.v1.PartSignature", provider: this.#provider, value: "" });
  }

  /** The server has said that the answer is complete. */
  get isDone(): boolean {
    return this.#last !== undefined;
  }

  /** Takes a piece and appends chunks. */
  take(piece: JsonObject, out: Chunk[]): void {
    if (this.model === "") this.model = textOf(piece["model"]);
    const message = objectOf(piece["message"]);
    if (message !== undefined) this.#say(message, piece["logprobs"], out);
    if (piece["done"] === true) this.#last = piece;
  }

  /** Ends every part and the answer. */
  finish(out: Chunk[]): void {
    this.#writer.closeAll(out);
    const last = this.#last ?? {};
    const reason = textOf(last["done_reason"]);
    const usage = this.#usageOf(last);
    const serving = servingFields.flatMap((field) => (isPlain(last[field]) ? [[field, last[field]]] : []));
    const value = create(StreamFinishedSchema, {
      finishReason: this.#finishReasonOf(reason),
      nativeFinishReason: reason,
      ...(usage === undefined ? {} : { usage }),
      providerMetadata: serving.length === 0 ? {} : { [this.#provider]: Object.fromEntries(serving) },
    });
    out.push({ case: "finished", value });
  }

  #say(message: JsonObject, logprobs: unknown, out: Chunk[]): void {
    const thinking = pieceOf(message["thinking"]);
    const content = pieceOf(message["content"]);
    if (thinking !== "" && !this.#hidesReasoning) {
      this.#writer.text("reasoning", thinking, out, content === "" ? this.#logprobs(logprobs) : undefined);
    }
    if (content !== "") this.#writer.text("text", content, out, this.#logprobs(logprobs));
    else if (thinking === "" && logprobs !== undefined) this.#waiting.push(...(readLogprobs(logprobs) ?? []));
    if (Array.isArray(message["images"])) this.#show(message["images"], out);
    if (Array.isArray(message["tool_calls"])) for (const call of message["tool_calls"]) this.#call(call, out);
    if (this.#writer.count > partsMax) throw tooManyParts();
  }

  #logprobs(list: unknown): TokenLogprob[] | undefined {
    const own = readLogprobs(list);
    if (this.#waiting.length === 0) return own;
    return [...this.#waiting.splice(0), ...(own ?? [])];
  }

  #call(call: unknown, out: Chunk[]): void {
    if (this.#writer.count >= partsMax) throw tooManyParts();
    const said = objectOf(call) ?? {};
    const { name, arguments: input } = objectOf(said["function"]) ?? {};
    if (textOf(name) === "") throw badResponse("tool_call_without_name", "sent a tool call without a name");
    const part = this.#writer.tool(this.#ids.next(pieceOf(said["id"])), textOf(name), out);
    this.#writer.arguments(part, argumentsOf(input), out);
    this.#writer.closeTool(part, out);
    this.#hasCalls = true;
  }

  #show(images: readonly unknown[], out: Chunk[]): void {
    for (const image of images) {
      if (this.#writer.count >= partsMax) throw tooManyParts();
      const data = new Uint8Array(Buffer.from(textOf(image), "base64"));
      const value = { source: { case: "data" as const, value: data }, mimeType: sniff(data) || "image/*" };
      this.#writer.whole(create(ContentPartSchema, { part: { case: "media", value } }), out);
    }
  }

  /** A server that does not say why it is done is an old one that ends in one way only. */
  #finishReasonOf(reason: string): FinishReason {
    if (reason === "length") return FinishReason.MAX_TOKENS;
    if (this.#hasCalls) return FinishReason.TOOL_CALLS;
    return reason === "stop" || reason === "" ? FinishReason.STOP : FinishReason.OTHER;
  }

  /** A prompt that the server found in its cache may come without a count: it is estimated then. */
  #usageOf(last: JsonObject): Usage | undefined {
    const input = positionOf(last["prompt_eval_count"]);
    const output = positionOf(last["eval_count"]);
    if (input === undefined && output === undefined) return undefined;
    const counted = { ...(input === undefined ? {} : { prompt_eval_count: input }), eval_count: output ?? 0 };
    return create(UsageSchema, {
      inputTokens: input ?? estimateInput(this.#attempt.call.request),
      outputTokens: output ?? 0,
      source: input === undefined ? UsageSource.ESTIMATED : UsageSource.PROVIDER,
      native: counted,
    });
  }
}

function argumentsOf(input: unknown): string {
  if (typeof input === "string") return input;
  try {
    return JSON.stringify(input ?? {});
  } catch {
    throw badResponse("bad_arguments", "sent arguments that are nested too deeply");
  }
}

function isPlain(value: unknown): boolean {
  return typeof value === "number" || typeof value === "string";
}
