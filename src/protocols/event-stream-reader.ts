import type { Chunk } from "../model/chunk.ts";
import type { GatewayError } from "../model/error.ts";
import type { Reader } from "../model/protocol.ts";
import { EventStreamParser, type EventStreamSink } from "../stream/event-stream.ts";
import type { EventHeaders } from "../stream/event-stream-headers.ts";
import { badResponse, truncated } from "./bad-response.ts";

/** What a dialect makes of the events of a streamed answer in AWS's framing. */
export interface EventStreamAnswer {
  /** Model name the provider reports; empty until it is known. */
  readonly model: string;
  /** The answer says why it ends: without its terminal marker it is complete all the same. */
  readonly isEnding: boolean;
  /** Takes an event by its type and JSON payload and appends chunks. True: it was the terminal marker. Throws a GatewayError. */
  take(type: string, payload: string, out: Chunk[]): boolean;
  /** Appends what the end of the answer brings. */
  finish(out: Chunk[]): void;
  /** The error for a message that is no event: an exception's type, and its JSON payload. */
  refused(type: string, payload: string): GatewayError;
}

/** Reads an answer that comes as application/vnd.amazon.eventstream. What comes after the terminal marker is ignored. */
export class EventStreamReader implements Reader, EventStreamSink {
  readonly #answer: EventStreamAnswer;
  readonly #parser = new EventStreamParser(this);
  /** Where the push under way puts its chunks. */
  #out: Chunk[] = [];
  #isFinished = false;
  isUnmarked = false;
  #isEmpty = true;

  constructor(answer: EventStreamAnswer) {
    this.#answer = answer;
  }

  get model(): string {
    return this.#answer.model;
  }

  push(bytes: Buffer, out: Chunk[]): void {
    if (this.#isFinished) return;
    this.#isEmpty = false;
    this.#out = out;
    this.#parser.push(bytes);
  }

  message(headers: EventHeaders, payload: Buffer): void {
    if (this.#isFinished) return;
    switch (headers.get(":message-type")) {
      case "event":
        if (this.#answer.take(wordOf(headers, ":event-type"), payload.toString(), this.#out)) this.#finish();
        break;
      case "exception":
        throw this.#answer.refused(wordOf(headers, ":exception-type"), payload.toString());
      case "error": {
        const message = wordOf(headers, ":error-message");
        throw this.#answer.refused(wordOf(headers, ":error-code"), JSON.stringify({ message }));
      }
      default:
        throw badResponse("bad_event_stream", "sent a message of an unknown type in an event stream");
    }
  }

  end(out: Chunk[]): void {
    if (this.#isFinished) return;
    if (this.#isEmpty) throw badResponse("empty", "sent an empty body");
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

function wordOf(headers: EventHeaders, name: string): string {
  const value = headers.get(name);
  return typeof value === "string" ? value : "";
}
