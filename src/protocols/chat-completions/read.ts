import type { Attempt } from "../../model/call.ts";
import type { Chunk } from "../../model/chunk.ts";
import type { GatewayError } from "../../model/error.ts";
import type { Reader } from "../../model/protocol.ts";
import { badResponse } from "../bad-response.ts";
import { type SseAnswer, SseReader } from "../sse-reader.ts";
import { type WholeAnswer, WholeReader } from "../whole-reader.ts";
import { Answer } from "./answer.ts";
import { faultInAnswer } from "./fault.ts";
import type { OwnFields } from "./own-fields.ts";
import { TextShape } from "./text-shape.ts";
import { type ChatAnswer, isObject } from "./wire.ts";

const nothingOwn: OwnFields = {};

/** Reads an answer of the chat completions dialect: whole, or streamed if the call asks for that. */
export function readChat(attempt: Attempt, own: OwnFields = nothingOwn): Reader {
  return attempt.call.stream
    ? new SseReader(new StreamAnswer(attempt, own))
    : new WholeReader(new BodyAnswer(attempt, own));
}

class BodyAnswer implements WholeAnswer {
  readonly #answer: Answer;

  constructor(attempt: Attempt, own: OwnFields) {
    this.#answer = new Answer(attempt, own);
  }

  get model(): string {
    return this.#answer.model;
  }

  take(body: string, out: Chunk[]): void {
    this.#answer.take(parse(body), out);
    this.#answer.finish(out);
  }
}

class StreamAnswer implements SseAnswer {
  readonly #attempt: Attempt;
  readonly #answer: Answer;
  readonly #own: OwnFields;
  readonly #shape = new TextShape();
  /** The event whose shape is known: what it says besides its text, those that are known at a glance say again. */
  #learnt: ChatAnswer = {};
  /** No event has come since that says something else. */
  #isDescribed = false;

  constructor(attempt: Attempt, own: OwnFields) {
    this.#attempt = attempt;
    this.#own = own;
    this.#answer = new Answer(attempt, own);
  }

  get model(): string {
    return this.#answer.model;
  }

  get isEnding(): boolean {
    return this.#answer.isEnding;
  }

  get isLearnt(): boolean {
    return this.#shape.isKnown;
  }

  take(type: string, data: string, out: Chunk[]): boolean {
    if (data.startsWith("[DONE]")) return true;
    if (type === "error") this.#fail(parse(data));
    const piece = parse(data);
    this.#answer.take(piece, out);
    this.#isDescribed = this.#own.usage?.(piece) === undefined && this.#shape.study(data, piece);
    if (this.#isDescribed) this.#learnt = piece;
    return false;
  }

  glance(bytes: Buffer, from: number, out: Chunk[]): number {
    let at = from;
    while (at < bytes.length) {
      const text = this.#shape.textIn(bytes, at);
      if (text === undefined) break;
      if (!this.#isDescribed) this.#describe();
      this.#answer.takeText(text, out);
      at = this.#shape.end;
    }
    return at;
  }

  #describe(): void {
    this.#answer.describe(this.#learnt);
    this.#isDescribed = true;
  }

  finish(out: Chunk[]): void {
    this.#answer.finish(out);
  }

  /** An error all the same, nothing at all, a stream cut early, or something else. */
  misread(body: string): GatewayError | undefined {
    if (body === "") return badResponse("empty", "sent an empty body");
    if (body.startsWith("{")) {
      const { error } = parse(body);
      if (error !== undefined && error !== null) return faultInAnswer(this.#attempt, error);
    }
    const isSse = /^(:|data|event|id|retry)/.test(body);
    return isSse ? undefined : badResponse("not_sse", "did not send a stream of events");
  }

  /** An event that is named an error is one, with or without the usual envelope. */
  #fail(said: ChatAnswer): never {
    throw faultInAnswer(this.#attempt, said.error ?? said);
  }
}

function parse(text: string): ChatAnswer {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badResponse("bad_json", "sent text that is not JSON");
  }
  if (!isObject<ChatAnswer>(value)) throw badResponse("bad_json", "sent JSON that is not an object");
  return value;
}
