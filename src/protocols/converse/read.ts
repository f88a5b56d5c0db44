import type { JsonObject } from "@bufbuild/protobuf";
import type { Attempt } from "../../model/call.ts";
import type { Chunk } from "../../model/chunk.ts";
import type { GatewayError } from "../../model/error.ts";
import type { Reader } from "../../model/protocol.ts";
import { badResponse } from "../bad-response.ts";
import { type EventStreamAnswer, EventStreamReader } from "../event-stream-reader.ts";
import { objectOf, parseExactObject, parseObject } from "../field.ts";
import { type WholeAnswer, WholeReader } from "../whole-reader.ts";
import { Answer } from "./answer.ts";
import { faultWithin } from "./fault.ts";

/** The reader for one answer, streamed or whole as the call wants it. */
export function read(attempt: Attempt): Reader {
  return attempt.call.stream ? new EventStreamReader(new Streamed(attempt)) : new WholeReader(new Whole(attempt));
}

class Whole implements WholeAnswer {
  /** The API names no model. */
  readonly model = "";
  readonly #attempt: Attempt;

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
  }

  take(body: string, out: Chunk[]): void {
    const answer = parseObject(body);
    if (answer === undefined) throw badResponse("bad_json", "sent something that is not a JSON object");
    const content = contentOf(answer);
    if (content === undefined) {
      if (typeof answer["message"] === "string") throw faultWithin(this.#attempt, "", body);
      throw badResponse("missing_content", "sent an answer without content");
    }
    // Input of tools is to arrive as the model wrote it; reading exactly takes longer, so only where there is some.
    const exact = body.includes('"toolUse"') ? contentOf(parseExactObject(body)) : undefined;
    const message = new Answer(this.#attempt);
    content.forEach((value, index) => {
      const plain = objectOf(value) ?? {};
      message.whole((plain["toolUse"] === undefined ? undefined : objectOf(exact?.[index])) ?? plain, out);
    });
    message.note(answer);
    message.finish(out);
  }
}

function contentOf(answer: JsonObject | undefined): readonly unknown[] | undefined {
  const content = objectOf(objectOf(answer?.["output"])?.["message"])?.["content"];
  return Array.isArray(content) ? content : undefined;
}

class Streamed implements EventStreamAnswer {
  readonly model = "";
  readonly #attempt: Attempt;
  readonly #answer: Answer;

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
    this.#answer = new Answer(attempt);
  }

  /** What comes after messageStop is but the accounts. */
  get isEnding(): boolean {
    return this.#answer.isStopped;
  }

  take(type: string, payload: string, out: Chunk[]): boolean {
    const event = parseObject(payload);
    if (event === undefined) throw badResponse("bad_json", "sent an event that is not a JSON object");
    switch (type) {
      case "contentBlockDelta":
        this.#answer.grow(indexOf(event), objectOf(event["delta"]) ?? {}, out);
        break;
      case "contentBlockStart":
        this.#answer.start(indexOf(event), objectOf(event["start"]) ?? {}, out);
        break;
      case "contentBlockStop":
        this.#answer.stopBlock(indexOf(event), out);
        break;
      case "messageStop":
        this.#answer.note(event);
        break;
      case "metadata":
        this.#answer.note(event);
        return this.#answer.isStopped;
      default:
    }
    return false;
  }

  finish(out: Chunk[]): void {
    this.#answer.finish(out);
  }

  refused(type: string, payload: string): GatewayError {
    return faultWithin(this.#attempt, type, payload);
  }
}

function indexOf({ contentBlockIndex }: JsonObject): number {
  return typeof contentBlockIndex === "number" ? contentBlockIndex : 0;
}
