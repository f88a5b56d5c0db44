import type { Attempt } from "../../model/call.ts";
import type { Chunk } from "../../model/chunk.ts";
import { GatewayError } from "../../model/error.ts";
import type { Reader } from "../../model/protocol.ts";
import { SseParser, type SseSink } from "../../stream/sse.ts";
import { Answer } from "./answer.ts";
import { badResponse } from "./bad-response.ts";
import { faultInAnswer } from "./fault.ts";
import { TextShape } from "./text-shape.ts";
import { type ChatAnswer, isObject } from "./wire.ts";

/** Most of a body that is kept to say what it is when it turns out to be no stream. */
const headBytesMax = 64 * 1024;

/** Reads an answer of the chat completions dialect: whole, or streamed if the call asks for that. */
export function readChat(attempt: Attempt): Reader {
  return attempt.call.stream ? new StreamReader(attempt) : new WholeReader(attempt);
}

class WholeReader implements Reader {
  readonly #answer: Answer;
  readonly #body: Buffer[] = [];

  constructor(attempt: Attempt) {
    this.#answer = new Answer(attempt);
  }

  get model(): string {
    return this.#answer.model;
  }

  push(bytes: Buffer): void {
    this.#body.push(bytes);
  }

  end(out: Chunk[]): void {
    const [first] = this.#body;
    const bytes = this.#body.length === 1 && first !== undefined ? first : Buffer.concat(this.#body);
    const body = bytes.toString().trim();
    if (body === "") throw badResponse("empty", "sent an empty body");
    this.#answer.take(parse(body), out);
    this.#answer.finish(out);
  }
}

class StreamReader implements Reader, SseSink {
  readonly #attempt: Attempt;
  readonly #answer: Answer;
  readonly #events = new SseParser(this);
  readonly #shape = new TextShape();
  /** Where the events of the current push go. */
  #out: Chunk[] = [];
  #isFinished = false;
  /** The body before the first event. */
  #head: Buffer[] | undefined = [];
  #headBytes = 0;

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
    this.#answer = new Answer(attempt);
  }

  get model(): string {
    return this.#answer.model;
  }

  push(bytes: Buffer, out: Chunk[]): void {
    if (this.#isFinished) return;
    if (this.#head !== undefined && this.#headBytes < headBytesMax) {
      this.#head.push(bytes);
      this.#headBytes += bytes.byteLength;
    }
    this.#out = out;
    this.#events.push(bytes);
  }

  end(out: Chunk[]): void {
    if (this.#isFinished) return;
    if (this.#head !== undefined) this.#rejectHead(Buffer.concat(this.#head).toString().trim());
    if (!this.#answer.isEnding) {
      throw new GatewayError("STREAM_INTERRUPTED", "the provider's stream broke off before its end", {
        metadata: { cause: "truncated" },
      });
    }
    this.#out = out;
    this.#finish();
  }

  event(type: string, data: string): void {
    if (this.#isFinished) return;
    this.#head = undefined;
    if (data.startsWith("[DONE]")) this.#finish();
    else if (type === "error") this.#fail(parse(data));
    else this.#take(data);
  }

  #take(data: string): void {
    const text = this.#shape.textOf(data);
    if (text !== undefined) {
      this.#answer.takeText(text, this.#out);
      return;
    }
    const piece = parse(data);
    this.#answer.take(piece, this.#out);
    this.#shape.study(data, piece);
  }

  #finish(): void {
    this.#isFinished = true;
    this.#answer.finish(this.#out);
  }

  /** An event that is named an error is one, with or without the usual envelope. */
  #fail(said: ChatAnswer): never {
    throw faultInAnswer(this.#attempt, said.error ?? said);
  }

  /** A body without a single event: an error all the same, nothing at all, a stream cut early, or something else. */
  #rejectHead(head: string): void {
    if (head === "") throw badResponse("empty", "sent an empty body");
    if (head.startsWith("{")) {
      const { error } = parse(head);
      if (error !== undefined && error !== null) throw faultInAnswer(this.#attempt, error);
    }
    if (!/^(:|data|event|id|retry)/.test(head)) throw badResponse("not_sse", "did not send a stream of events");
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
