import type { JsonObject } from "@bufbuild/protobuf";
import { CompletionView, FinishReason, type StreamFinished } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Usage } from "../../../gen/llmhub/v1/usage_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { Chunk } from "../../model/chunk.ts";
import { badResponse, partsMax, tooManyParts } from "../bad-response.ts";
import { readLogprobs } from "../logprobs.ts";
import { PartWriter } from "../part-writer.ts";
import { pricedTier } from "../service-tier.ts";
import { readCitation } from "./citation.ts";
import { echoSignature, type ReasoningField, textSignature } from "./echo.ts";
import { faultInAnswer } from "./fault.ts";
import { MadeMedia } from "./made-media.ts";
import type { OwnFields } from "./own-fields.ts";
import { ReasoningDetails } from "./reasoning-details.ts";
import { ToolCalls } from "./tool-calls.ts";
import { readUsage } from "./usage.ts";
import { type ChatAnswer, type ChatChoice, type ChatSaying, isObject } from "./wire.ts";

const finishReasons: ReadonlyMap<string, FinishReason> = new Map([
  ["stop", FinishReason.STOP],
  // Together, and servers of Hugging Face's, tell the end of what the model says from a stop sequence.
  ["eos", FinishReason.STOP],
  ["eos_token", FinishReason.STOP],
  ["stop_sequence", FinishReason.STOP_SEQUENCE],
  ["length", FinishReason.MAX_TOKENS],
  ["model_length", FinishReason.CONTEXT_WINDOW],
  ["tool_calls", FinishReason.TOOL_CALLS],
  ["function_call", FinishReason.TOOL_CALLS],
  ["content_filter", FinishReason.CONTENT_FILTER],
]);

/** Ends that are failures of the server: what came before is no answer. */
const failedReasons: ReadonlySet<unknown> = new Set(["error", "insufficient_system_resource"]);

/**
 * Folds what a server says, whole or in pieces, into chunks. Only the first of several choices is read. `finished` waits
 * for `finish`, because the usage may come after the finish reason.
 */
export class Answer {
  readonly #attempt: Attempt;
  readonly #writer = new PartWriter();
  // What few answers have is made when it comes.
  #calls: ToolCalls | undefined;
  #media: MadeMedia | undefined;
  readonly #own: OwnFields;
  readonly #isTextHidden: boolean;
  /** Reasoning that the caller does not want to see, and the server wants back. */
  #hidden = "";
  #details: ReasoningDetails | undefined;
  /** The field under which reasoning came. */
  #reasoningField: ReasoningField | undefined;
  /** A piece that adds to what was said has come. */
  #isGrown = false;
  #model = "";
  #heard = false;
  #refused = false;
  #nativeFinishReason = "";
  #usage: Usage | undefined;
  readonly #metadata: JsonObject = {};

  constructor(attempt: Attempt, own: OwnFields) {
    this.#attempt = attempt;
    this.#own = own;
    this.#isTextHidden = attempt.call.request.reasoning?.hideText ?? false;
  }

  get model(): string {
    return this.#model;
  }

  /** The server has said why it stopped. */
  get isEnding(): boolean {
    return this.#nativeFinishReason !== "";
  }

  /** Takes a piece. Throws the GatewayError for an error in it. */
  take(piece: ChatAnswer, out: Chunk[]): void {
    const counts = piece.usage ?? this.#own.usage?.(piece);
    const usage = counts === undefined ? undefined : this.#readUsage(counts);
    if (usage !== undefined) this.#usage = usage;
    const choice = firstChoice(piece.choices);
    const error = piece.error ?? failureIn(choice);
    if (error !== undefined) {
      if (usage !== undefined) out.push(usageUpdate(usage));
      throw faultInAnswer(this.#attempt, error);
    }
    this.describe(piece);
    if (choice !== undefined) this.#hear(choice, out);
    if (usage !== undefined && !this.isEnding) out.push(usageUpdate(usage));
  }

  /** Takes a piece that is text and nothing else. */
  takeText(text: string, out: Chunk[]): void {
    this.#writer.text("text", text, out);
    this.#limitParts();
  }

  /** Ends every part and the answer. */
  finish(out: Chunk[]): void {
    if (!this.#heard) throw badResponse("no_choices", "sent an answer without choices");
    this.#calls?.finish();
    this.#writer.closeAll(out);
    this.#media?.finish(out);
    this.#keepReasoning(out);
    const value: StreamFinished = {
      $typeName: "llmhub.v1.StreamFinished",
      finishReason: this.#finishReason(),
      nativeFinishReason: this.#nativeFinishReason,
      stopSequence: "",
      usage: this.#served(),
      warnings: [],
      providerMetadata: isEmpty(this.#metadata) ? {} : { [this.#attempt.target.provider.id]: this.#metadata },
    };
    out.push({ case: "finished", value });
  }

  /** The usage with the service tier where it is not the standard one: prices differ there. */
  #served(): Usage | undefined {
    if (this.#usage !== undefined) this.#usage.serviceTier ||= pricedTier(this.#metadata["service_tier"]);
    return this.#usage;
  }

  #readUsage(usage: unknown): Usage | undefined {
    return readUsage(usage, this.#attempt.call.request.view === CompletionView.FULL);
  }

  /** Takes what a piece says of the whole answer; what comes again counts as it came last. */
  describe(piece: ChatAnswer): void {
    const { model, system_fingerprint, service_tier } = piece;
    if (this.#model === "" && typeof model === "string") this.#model = model.toWellFormed();
    if (typeof system_fingerprint === "string") this.#note("system_fingerprint", system_fingerprint);
    if (typeof service_tier === "string") this.#note("service_tier", service_tier);
    this.#own.note?.(piece, this.#metadata);
  }

  #note(field: string, value: string): void {
    this.#metadata[field] = value.toWellFormed();
  }

  #hear(choice: ChatChoice, out: Chunk[]): void {
    this.#heard = true;
    const { delta, message, finish_reason } = choice;
    if (isObject<ChatSaying>(delta)) {
      this.#say(delta, choice.logprobs, false, out);
      this.#isGrown ||= this.#writer.count > 0;
    } else if (isObject<ChatSaying>(message) && !this.#isGrown) {
      // After pieces, a whole message only repeats them.
      this.#say(message, choice.logprobs, true, out);
    }
    if (typeof finish_reason === "string" && finish_reason !== "") {
      this.#nativeFinishReason = finish_reason.toWellFormed();
    }
    this.#limitParts();
  }

  #limitParts(): void {
    if (this.#writer.count > partsMax) throw tooManyParts();
  }

  #say(said: ChatSaying, logprobs: unknown, isWhole: boolean, out: Chunk[]): void {
    this.#think(said, out);
    const probable = isObject<{ content?: unknown; refusal?: unknown }>(logprobs) ? logprobs : undefined;
    const tokens = probable === undefined ? undefined : readLogprobs(probable.content);
    if (typeof said.content === "string") this.#writer.text("text", said.content, out, tokens);
    else if (Array.isArray(said.content)) this.#sayItems(said.content, out);
    if (Array.isArray(said.annotations)) this.#cite(said.annotations, out);
    if (typeof said.refusal === "string" && said.refusal !== "") {
      this.#refused = true;
      this.#writer.text("refusal", said.refusal, out, readLogprobs(probable?.refusal));
    }
    if (said.audio !== undefined || said.images !== undefined) this.#make(said, out);
    for (const call of callsIn(said)) this.#call(call, isWhole, out);
  }

  #make(said: ChatSaying, out: Chunk[]): void {
    this.#media ??= new MadeMedia(this.#attempt.target.provider.id, this.#writer);
    this.#media.take(said, out);
  }

  #call(call: unknown, isWhole: boolean, out: Chunk[]): void {
    this.#calls ??= new ToolCalls(this.#attempt, this.#writer);
    if (isWhole) this.#calls.whole(call, out);
    else this.#calls.grow(call, out);
  }

  #think({ reasoning_content, reasoning, reasoning_details: details }: ChatSaying, out: Chunk[]): void {
    if (Array.isArray(details)) this.#detail(details);
    // Either can be empty or null beside the other.
    const text = reasoning_content || reasoning;
    if (typeof text !== "string" || text === "") return;
    this.#reason(text === reasoning_content ? "reasoning_content" : "reasoning", text, out);
  }

  #detail(details: readonly unknown[]): void {
    this.#details ??= new ReasoningDetails();
    this.#details.add(details);
  }

  /** A part without text for what the server wants back and no other part shows. */
  #keepReasoning(out: Chunk[]): void {
    const entries = this.#details?.entries ?? [];
    const field = this.#reasoningField;
    const text = this.#hidden;
    if (entries.length === 0 && (field === undefined || text === "")) return;
    const echo = entries.length > 0 || field === undefined ? { reasoning_details: entries } : { [field]: text };
    this.#writer.close(out, { signature: echoSignature(echo, this.#attempt.target.provider.id) });
  }

  #reason(field: ReasoningField, text: string, out: Chunk[]): void {
    if (this.#reasoningField === undefined) {
      this.#reasoningField = field;
      this.#writer.signReasoning(textSignature(field, this.#attempt.target.provider.id));
    }
    if (this.#isTextHidden) this.#hidden += text;
    else this.#writer.text("reasoning", text, out);
  }

  /** Content as a list: texts, and reasoning as a list of texts in it. */
  #sayItems(items: readonly unknown[], out: Chunk[]): void {
    for (const item of items) {
      if (!isObject<{ text?: unknown; thinking?: unknown }>(item)) continue;
      if (typeof item.text === "string") this.#writer.text("text", item.text, out);
      if (!Array.isArray(item.thinking)) continue;
      for (const thought of item.thinking) {
        if (isObject<{ text?: unknown }>(thought) && typeof thought.text === "string") {
          this.#reason("thinking", thought.text, out);
        }
      }
    }
  }

  #cite(annotations: readonly unknown[], out: Chunk[]): void {
    for (const annotation of annotations) {
      const citation = readCitation(annotation);
      if (citation !== undefined) this.#writer.citation(citation, out);
    }
  }

  /** Servers say "stop" also after a refusal and after a tool call that was demanded. */
  #finishReason(): FinishReason {
    const reason = finishReasons.get(this.#nativeFinishReason) ?? FinishReason.OTHER;
    if (reason !== FinishReason.STOP && this.#nativeFinishReason !== "") return reason;
    if (this.#calls?.any === true) return FinishReason.TOOL_CALLS;
    return this.#refused ? FinishReason.REFUSAL : reason;
  }
}

/** The choice that comes first by its index; servers that leave it out send only one. */
function firstChoice(choices: unknown): ChatChoice | undefined {
  if (!Array.isArray(choices)) return undefined;
  for (const choice of choices) {
    if (isObject<ChatChoice>(choice) && (choice.index ?? 0) === 0) return choice;
  }
  return undefined;
}

/** What went wrong with a choice; undefined where nothing did. */
function failureIn(choice: ChatChoice | undefined): unknown {
  if (choice === undefined) return undefined;
  const { error, finish_reason } = choice;
  return error ?? (failedReasons.has(finish_reason) ? { code: finish_reason } : undefined);
}

function isEmpty(metadata: JsonObject): boolean {
  for (const _field in metadata) return false;
  return true;
}

const none: readonly unknown[] = [];

function callsIn({ tool_calls, function_call }: ChatSaying): readonly unknown[] {
  if (Array.isArray(tool_calls) && tool_calls.length > 0) return tool_calls;
  return isObject(function_call) ? [{ function: function_call }] : none;
}

function usageUpdate(usage: Usage): Chunk {
  return { case: "usage", value: { $typeName: "llmhub.v1.UsageUpdate", usage } };
}
