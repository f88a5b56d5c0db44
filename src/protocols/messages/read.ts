import type { JsonObject } from "@bufbuild/protobuf";
import type { Attempt } from "../../model/call.ts";
import type { Chunk } from "../../model/chunk.ts";
import type { GatewayError } from "../../model/error.ts";
import type { Reader } from "../../model/protocol.ts";
import { badResponse } from "../bad-response.ts";
import { objectOf, parseExactObject, parseObject, textOf } from "../field.ts";
import { type SseAnswer, SseReader } from "../sse-reader.ts";
import { type WholeAnswer, WholeReader } from "../whole-reader.ts";
import { Answer } from "./answer.ts";
import { isError, takeEvent } from "./event.ts";
import { faultWithin } from "./fault.ts";
import { textOfDelta } from "./text-delta.ts";

/** The reader for one answer, streamed or whole as the call wants it. */
export function read(attempt: Attempt): Reader {
  return attempt.call.stream ? new SseReader(new StreamAnswer(attempt)) : new WholeReader(new WholeMessage(attempt));
}

class WholeMessage implements WholeAnswer {
  readonly #attempt: Attempt;
  readonly #answer: Answer;

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
    this.#answer = new Answer(attempt);
  }

  get model(): string {
    return this.#answer.model;
  }

  take(body: string, out: Chunk[]): void {
    const message = parseObject(body);
    if (message === undefined) throw badResponse("bad_json", "sent a body that is not a JSON object");
    if (isError(message)) throw faultWithin(this.#attempt, body);
    const { content } = message;
    if (!Array.isArray(content)) throw badResponse("missing_content", "sent an answer without content");
    this.#answer.begin(message);
    // Input of tools is to arrive as the model wrote it; reading exactly takes longer, so only where there is some.
    const exact = body.includes('tool_use"') ? parseExactObject(body)?.["content"] : undefined;
    content.forEach((value, index) => {
      const plain = objectOf(value) ?? {};
      const block = Array.isArray(exact) && hasInput(plain) ? objectOf(exact[index]) : plain;
      this.#answer.startBlock(index, block ?? {}, out);
      this.#answer.stopBlock(index, out);
    });
    this.#answer.stop(message);
    this.#answer.finish(out);
  }
}

/** A streamed message, event by event, in whatever frames they come. */
export class StreamAnswer implements SseAnswer {
  readonly #attempt: Attempt;
  readonly #answer: Answer;

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
    this.#answer = new Answer(attempt);
  }

  get model(): string {
    return this.#answer.model;
  }

  get isEnding(): boolean {
    return this.#answer.isStopped;
  }

  take(_type: string, data: string, out: Chunk[]): boolean {
    const { textHead } = this.#answer;
    const text = textHead === undefined ? undefined : textOfDelta(data, textHead);
    if (text === undefined) return this.#parse(data, out);
    this.#answer.text(text, out);
    return false;
  }

  finish(out: Chunk[]): void {
    this.#answer.finish(out);
  }

  misread(body: string): GatewayError {
    if (body === "") return badResponse("empty", "sent an empty body");
    const object = parseObject(body);
    if (object !== undefined && isError(object)) return faultWithin(this.#attempt, body);
    return badResponse("not_sse", "did not send a stream of events");
  }

  #parse(data: string, out: Chunk[]): boolean {
    const event = parseObject(data);
    if (event === undefined) throw badResponse("bad_json", "sent an event that is not a JSON object");
    if (isError(event)) throw faultWithin(this.#attempt, data);
    return takeEvent(this.#answer, event, out);
  }
}

/** Whether the block is a call of a tool, the caller's or the provider's own. */
function hasInput(block: JsonObject): boolean {
  return textOf(block["type"]).endsWith("tool_use");
}
