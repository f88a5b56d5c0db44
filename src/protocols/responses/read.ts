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
import { faultInResponse } from "./fault.ts";

/** Reads an answer of the Responses dialect: whole, or streamed if the call asks for that. */
export function readResponse(attempt: Attempt): Reader {
  return attempt.call.stream ? new SseReader(new StreamAnswer(attempt)) : new WholeReader(new WholeResponse(attempt));
}

class WholeResponse implements WholeAnswer {
  readonly #answer: Answer;

  constructor(attempt: Attempt) {
    this.#answer = new Answer(attempt);
  }

  get model(): string {
    return this.#answer.model;
  }

  take(body: string, out: Chunk[]): void {
    this.#answer.complete(parseExactly(body), "", out);
    this.#answer.finish(out);
  }
}

class StreamAnswer implements SseAnswer {
  /** Nothing but the last event says that the answer is complete. */
  readonly isEnding = false;
  readonly #attempt: Attempt;
  readonly #answer: Answer;

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
    this.#answer = new Answer(attempt);
  }

  get model(): string {
    return this.#answer.model;
  }

  /** The type of an event is in its data, too; some servers write it only there. */
  take(_type: string, data: string, out: Chunk[]): boolean {
    // Servers of other dialects of the family end so; here it says nothing.
    if (data.startsWith("[DONE]")) return false;
    const event = parse(data);
    switch (event["type"]) {
      case "response.output_text.delta":
        this.#answer.output.grow("text", event, out);
        return false;
      case "response.refusal.delta":
        this.#answer.output.grow("refusal", event, out);
        return false;
      case "response.function_call_arguments.delta":
        this.#answer.output.argue(event, out);
        return false;
      case "response.reasoning_summary_text.delta":
        this.#answer.output.think(event, true, out);
        return false;
      case "response.reasoning_text.delta":
        this.#answer.output.think(event, false, out);
        return false;
      case "response.output_text.annotation.added":
        this.#answer.output.cite(event, out);
        return false;
      case "response.output_item.added":
        this.#answer.output.start(event, out);
        return false;
      case "response.content_part.done":
        this.#answer.output.endContent(event, out);
        return false;
      case "response.output_item.done":
        this.#answer.output.endItem(parseExactly(data), out);
        return false;
      case "response.created":
      case "response.in_progress":
        this.#answer.describe(responseIn(event));
        return false;
      case "response.completed":
      case "response.incomplete":
      case "response.failed":
        this.#answer.complete(responseIn(parseExactly(data)), event["type"].slice("response.".length), out);
        return true;
      case "error":
        throw faultInResponse(this.#attempt, event);
      default:
        return this.#other(event);
    }
  }

  finish(out: Chunk[]): void {
    this.#answer.finish(out);
  }

  /** An error all the same, nothing at all, a stream cut early, or something else. */
  misread(body: string): GatewayError | undefined {
    if (body === "") return badResponse("empty", "sent an empty body");
    const error = body.startsWith("{") ? parseObject(body)?.["error"] : undefined;
    if (error !== undefined && error !== null) return faultInResponse(this.#attempt, error);
    const isSse = /^(:|data|event|id|retry)/.test(body);
    return isSse ? undefined : badResponse("not_sse", "did not send a stream of events");
  }

  /** Events that say nothing new are passed over, but not errors in a form of other dialects. */
  #other({ type, error }: JsonObject): false {
    if (textOf(type) === "" && error !== undefined && error !== null) throw faultInResponse(this.#attempt, error);
    return false;
  }
}

function responseIn({ response }: JsonObject): JsonObject {
  const found = objectOf(response);
  if (found === undefined) throw badResponse("no_response", "sent an event that lacks its response");
  return found;
}

function parse(text: string): JsonObject {
  return demand(parseObject(text));
}

/** Items without a common form are to go back as they came. */
function parseExactly(text: string): JsonObject {
  return demand(parseExactObject(text));
}

function demand(value: JsonObject | undefined): JsonObject {
  if (value === undefined) throw badResponse("bad_json", "sent text that is not a JSON object");
  return value;
}
