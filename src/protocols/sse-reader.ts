import type { Chunk } from "../model/chunk.ts";
import type { GatewayError } from "../model/error.ts";
import type { Reader } from "../model/protocol.ts";
import { SseParser, type SseSink } from "../stream/sse.ts";
import { truncated } from "./bad-response.ts";

/** What a dialect makes of the events of a streamed answer. */
export interface SseAnswer {
  /** Model name the provider reports; empty until it is known. */
  readonly model: string;
  /** The answer says why it ends: without its terminal marker it is complete all the same. */
  readonly isEnding: boolean;
  /** It may know events at a glance. Absent: never. */
  readonly isLearnt?: boolean;
  /**
   * Takes events that lie in `bytes` one after another from `from`, as far as it knows them at a glance, and appends chunks
   * as `take` would. Returns where the first event begins that it does not know.
   */
  glance?(bytes: Buffer, from: number, out: Chunk[]): number;
  /** Takes an event and appends chunks. True: it was the terminal marker. Throws a GatewayError. */
  take(type: string, data: string, out: Chunk[]): boolean;
  /** Appends what the end of the answer brings. */
  finish(out: Chunk[]): void;
  /** What a body without a single event is instead; undefined if it is a stream that broke off. */
  misread(body: string): GatewayError | undefined;
}

/** Bytes kept of a body that brings no event, to tell what it is instead. */
const headBytesMax = 64 * 1024;

/** Reads an answer that comes as server-sent events. What comes after the terminal marker is ignored. */
export class SseReader implements Reader, SseSink {
  readonly #answer: SseAnswer;
  readonly #parser = new SseParser(this);
  /** Where the push under way puts its chunks. */
  #out: Chunk[] = [];
  #isFinished = false;
  isUnmarked = false;
  /** The body before the first event. */
  #head: Buffer[] | undefined = [];
  #headBytes = 0;

  constructor(answer: SseAnswer) {
    this.#answer = answer;
  }

  get model(): string {
    return this.#answer.model;
  }

  push(bytes: Buffer, out: Chunk[]): void {
    if (this.#isFinished) return;
    if (this.#head !== undefined && this.#headBytes < headBytesMax) {
      this.#head.push(bytes);
      this.#headBytes += bytes.length;
    }
    this.#out = out;
    if (this.#answer.isLearnt === true) this.#glance(bytes);
    else this.#parser.push(bytes);
  }

  /** Leaves to the parser only what is not known at a glance, an event at a time. */
  #glance(bytes: Buffer): void {
    for (let at = 0; at < bytes.length && !this.#isFinished; ) {
      if (this.#parser.isBetweenEvents) at = this.#answer.glance?.(bytes, at, this.#out) ?? at;
      if (at === bytes.length) return;
      const end = bytes.indexOf("\n\n", at);
      const next = end === -1 ? bytes.length : end + 2;
      this.#parser.push(bytes.subarray(at, next));
      at = next;
    }
  }

  event(type: string, data: string): void {
    if (this.#isFinished) return;
    this.#head = undefined;
    if (this.#answer.take(type, data, this.#out)) this.#finish();
  }

  end(out: Chunk[]): void {
    if (this.#isFinished) return;
    const misread = this.#head && this.#answer.misread(Buffer.concat(this.#head).toString().trim());
    if (misread !== undefined) throw misread;
    if (!this.#answer.isEnding) throw truncated();
    this.isUnmarked = true;
    this.#out = out;
    this.#finish();
  }

  #finish(): void {
    this.#isFinished = true;
    this.#answer.finish(this.#out);
  }
}
