import {
  type CompleteResponse,
  FinishReason,
  type PartDelta,
  type PartFinished,
  type StreamFinished,
  type StreamRestarted,
} from "../../gen/llmhub/v1/completion_pb.ts";
import { type ContentPart, Role } from "../../gen/llmhub/v1/content_pb.ts";
import type { Chunk } from "./chunk.ts";
import { GatewayError } from "./error.ts";

/**
 * Turns the events of a stream into the whole answer, in linear time. What the events hold is never changed. The answer
 * has a message exactly when a part has started; events without meaning for it are skipped. Throws INTERNAL on a delta
 * that fits no part.
 */
export class Fold {
  readonly #response = emptyAnswer();
  readonly #parts = new Map<number, ContentPart>();
  /** The part of each of the logprobs. */
  #logprobParts: number[] = [];

  add(chunk: Chunk): void {
    switch (chunk.case) {
      case "partDelta":
        this.#grow(chunk.value);
        break;
      case "started":
        this.#response.id = chunk.value.id;
        this.#response.routing = chunk.value.routing;
        this.#response.createTime = chunk.value.createTime;
        this.#response.warnings = chunk.value.warnings;
        break;
      case "partStarted":
        if (chunk.value.part !== undefined) this.#start(chunk.value.index, chunk.value.part);
        break;
      case "partFinished":
        this.#close(chunk.value);
        break;
      case "usage":
        this.#response.usage = chunk.value.usage;
        this.#response.cost = chunk.value.cost;
        break;
      case "restarted":
        this.#restart(chunk.value);
        break;
      case "finished":
        this.#finish(chunk.value);
        break;
    }
  }

  /** The answer. Call it once, when everything is added. */
  response(): CompleteResponse {
    if (this.#parts.size > 0) {
      const content = [...this.#parts].sort(([a], [b]) => a - b).map(([, part]) => part);
      this.#response.message = {
        $typeName: "llmhub.v1.ChatMessage",
        role: Role.ASSISTANT,
        content,
        text: "",
        name: "",
      };
    }
    return this.#response;
  }

  #start(index: number, given: ContentPart): void {
    if (this.#parts.has(index)) throw misfit(index, "begins twice");
    const part = { ...given, citations: [...given.citations] };
    // Only what may grow is copied.
    if (given.part.case === "text" || given.part.case === "refusal") part.part = { ...given.part };
    else if (given.part.case === "toolCall") part.part = { case: "toolCall", value: { ...given.part.value } };
    else if (given.part.case === "reasoning") part.part = { case: "reasoning", value: { ...given.part.value } };
    this.#parts.set(index, part);
  }

  #grow({ index, delta, logprobs }: PartDelta): void {
    for (const logprob of logprobs) {
      this.#response.logprobs.push(logprob);
      this.#logprobParts.push(index);
    }
    if (delta.case === undefined) return;
    const grown = this.#part(index);
    const { part } = grown;
    if (delta.case === "text" && part.case === "text") part.value += delta.value;
    else if (delta.case === "argumentsJson" && part.case === "toolCall") part.value.argumentsJson += delta.value;
    else if (delta.case === "reasoning" && part.case === "reasoning") part.value.text += delta.value;
    else if (delta.case === "refusal" && part.case === "refusal") part.value += delta.value;
    else if (delta.case === "citation") grown.citations.push(delta.value);
    else throw misfit(index, `cannot take a delta of ${delta.case}`);
  }

  #close({ index, signature, encryptedContent }: PartFinished): void {
    if (signature !== undefined) this.#part(index).signature = signature;
    if (encryptedContent === "") return;
    const { part } = this.#part(index);
    if (part.case !== "reasoning") throw misfit(index, "cannot take encrypted content");
    part.value.encryptedContent = encryptedContent;
  }

  #restart({ fromIndex, routing }: StreamRestarted): void {
    const response = this.#response;
    for (const index of this.#parts.keys()) if (index >= fromIndex) this.#parts.delete(index);
    response.logprobs = response.logprobs.filter((_, i) => (this.#logprobParts[i] ?? 0) < fromIndex);
    this.#logprobParts = this.#logprobParts.filter((index) => index < fromIndex);
    delete response.usage;
    delete response.cost;
    if (routing !== undefined) response.routing = routing;
  }

  #finish(finished: StreamFinished): void {
    const response = this.#response;
    response.finishReason = finished.finishReason;
    response.nativeFinishReason = finished.nativeFinishReason;
    response.stopSequence = finished.stopSequence;
    response.warnings = finished.warnings;
    response.providerMetadata = finished.providerMetadata;
    if (finished.routing !== undefined) response.routing = finished.routing;
    if (finished.usage === undefined) return;
    response.usage = finished.usage;
    response.cost = finished.cost;
  }

  #part(index: number): ContentPart {
    const part = this.#parts.get(index);
    if (part === undefined) throw misfit(index, "has not begun");
    return part;
  }
}

function emptyAnswer(): CompleteResponse {
  return {
    $typeName: "llmhub.v1.CompleteResponse",
    id: "",
    finishReason: FinishReason.UNSPECIFIED,
    nativeFinishReason: "",
    stopSequence: "",
    warnings: [],
    logprobs: [],
    providerMetadata: {},
  };
}

function misfit(index: number, what: string): GatewayError {
  return new GatewayError("INTERNAL", `part ${index} of the answer ${what}`);
}
