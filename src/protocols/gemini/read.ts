import type { Attempt } from "../../model/call.ts";
import type { Chunk } from "../../model/chunk.ts";
import type { GatewayError } from "../../model/error.ts";
import type { Reader } from "../../model/protocol.ts";
import { type ElementSink, JsonArrayParser } from "../../stream/json-array.ts";
import { badResponse, truncated } from "../bad-response.ts";
import { parseObject } from "../field.ts";
import { type SseAnswer, SseReader } from "../sse-reader.ts";
import { type WholeAnswer, WholeReader } from "../whole-reader.ts";
import { Answer } from "./answer.ts";
import { errorIn, faultWithin } from "./fault.ts";

const openBracket = 0x5b;

/** The reader for one answer, streamed or whole as the call wants it. Its parts are signed with the name of `signer`. */
export function read(attempt: Attempt, signer = attempt.target.provider.id): Reader {
  return attempt.call.stream ? new StreamReader(attempt, signer) : new WholeReader(new OneResponse(attempt, signer));
}

/** An answer that is one response. */
class OneResponse implements WholeAnswer {
  readonly #answer: Answer;

  constructor(attempt: Attempt, signer: string) {
    this.#answer = new Answer(attempt, signer);
  }

  get model(): string {
    return this.#answer.model;
  }

  take(body: string, out: Chunk[]): void {
    this.#answer.take(body, out);
    this.#answer.finish(out);
  }
}

/** A stream in either form: server-sent events, or one JSON array that begins with its bracket. */
class StreamReader implements Reader {
  readonly #attempt: Attempt;
  readonly #signer: string;
  #reader: Reader | undefined;

  constructor(attempt: Attempt, signer: string) {
    this.#attempt = attempt;
    this.#signer = signer;
  }

  get model(): string {
    return this.#reader?.model ?? "";
  }

  push(bytes: Buffer, out: Chunk[]): void {
    if (this.#reader === undefined) {
      const first = bytes.find((byte) => byte > 0x20);
      // Blanks before the first character mean nothing in either form.
      if (first === undefined) return;
      this.#reader =
        first === openBracket
          ? new ArrayReader(this.#attempt, this.#signer)
          : new SseReader(new StreamAnswer(this.#attempt, this.#signer));
    }
    this.#reader.push(bytes, out);
  }

  end(out: Chunk[]): void {
    if (this.#reader === undefined) throw badResponse("empty", "sent an empty body");
    this.#reader.end(out);
  }
}

/** Responses as elements of an array. */
class ArrayReader implements Reader, ElementSink {
  readonly #answer: Answer;
  readonly #parser = new JsonArrayParser(this);
  /** Where the push under way puts its chunks. */
  #out: Chunk[] = [];

  constructor(attempt: Attempt, signer: string) {
    this.#answer = new Answer(attempt, signer);
  }

  get model(): string {
    return this.#answer.model;
  }

  push(bytes: Buffer, out: Chunk[]): void {
    this.#out = out;
    this.#parser.push(bytes);
  }

  element(text: string): void {
    this.#answer.take(text, this.#out);
  }

  /** An array that is not closed is whole all the same once the model said why it stopped. */
  end(out: Chunk[]): void {
    this.#out = out;
    this.#parser.end();
    if (!this.#answer.isStopped) throw truncated();
    this.#answer.finish(out);
  }
}

/** Responses as events, without a marker after the last. */
class StreamAnswer implements SseAnswer {
  readonly #attempt: Attempt;
  readonly #answer: Answer;

  constructor(attempt: Attempt, signer: string) {
    this.#attempt = attempt;
    this.#answer = new Answer(attempt, signer);
  }

  get model(): string {
    return this.#answer.model;
  }

  get isEnding(): boolean {
    return this.#answer.isStopped;
  }

  take(_type: string, data: string, out: Chunk[]): boolean {
    this.#answer.take(data, out);
    return false;
  }

  finish(out: Chunk[]): void {
    this.#answer.finish(out);
  }

  misread(body: string): GatewayError {
    if (errorIn(parseObject(body)) !== undefined) return faultWithin(this.#attempt, body);
    return badResponse("not_sse", "sent something that is no event stream");
  }
}
