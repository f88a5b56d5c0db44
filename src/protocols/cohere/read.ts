import type { JsonObject } from "@bufbuild/protobuf";
import type { Attempt } from "../../model/call.ts";
import type { Chunk } from "../../model/chunk.ts";
import type { GatewayError } from "../../model/error.ts";
import type { Reader } from "../../model/protocol.ts";
import { badResponse } from "../bad-response.ts";
import { objectOf, parseObject, pieceOf } from "../field.ts";
import { type SseAnswer, SseReader } from "../sse-reader.ts";
import { type WholeAnswer, WholeReader } from "../whole-reader.ts";
import { Answer } from "./answer.ts";
import { faultIn } from "./fault.ts";

const nothing: JsonObject = {};

/** The reader for one answer, streamed or whole as the call wants it. */
export function read(attempt: Attempt): Reader {
  return attempt.call.stream ? new SseReader(new StreamAnswer(attempt)) : new WholeReader(new Whole(attempt));
}

class Whole implements WholeAnswer {
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
    const reply = parseObject(body);
    if (reply === undefined) throw badResponse("bad_json", "sent a body that is not a JSON object");
    const fault = faultIn(reply, this.#attempt);
    if (fault !== undefined) throw fault;
    const message = objectOf(reply["message"]);
    if (message === undefined) throw badResponse("missing_message", "sent no message");
    this.#say(message, reply["logprobs"], out);
    for (const [index, call] of listOf(message["tool_calls"]).entries()) {
      this.#answer.call(index, call, out);
      this.#answer.endCall(index, out);
    }
    this.#answer.finish(reply, reply["usage"], out);
  }

  /**
   * The model plans when it has thought and before it speaks, as in a stream. Citations name the block they are in, or are in
   * the first that is text.
   */
  #say(message: JsonObject, logprobs: unknown, out: Chunk[]): void {
    const blocks = listOf(message["content"]);
    const citations = listOf(message["citations"]);
    const first = blocks.findIndex(({ type }) => type === "text");
    let plan = pieceOf(message["tool_plan"]);
    for (const [index, block] of blocks.entries()) {
      this.#answer.begin(index, out);
      if (index === first) {
        this.#answer.plan(plan, out);
        plan = "";
      }
      this.#answer.grow(block, undefined, out);
      if (index === first) for (const item of listOf(logprobs)) this.#answer.grow({ text: "" }, item, out);
      for (const cited of citations) {
        if ((cited["content_index"] ?? first) === index) this.#answer.cite(cited, out);
      }
    }
    this.#answer.plan(plan, out);
  }
}

class StreamAnswer implements SseAnswer {
  /** message-end comes once, and with it everything is told. */
  readonly isEnding = false;
  readonly #attempt: Attempt;
  readonly #answer: Answer;
  #ending: JsonObject = nothing;

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
    this.#answer = new Answer(attempt);
  }

  get model(): string {
    return this.#answer.model;
  }

  take(_type: string, data: string, out: Chunk[]): boolean {
    if (data.startsWith("[DONE]")) return false;
    const event = parseObject(data);
    if (event === undefined) throw badResponse("bad_json", "sent an event that is not a JSON object");
    const delta = objectOf(event["delta"]) ?? nothing;
    const message = objectOf(delta["message"]) ?? nothing;
    const index = typeof event["index"] === "number" ? event["index"] : 0;
    switch (event["type"]) {
      case "content-delta":
        this.#answer.grow(objectOf(message["content"]) ?? nothing, event["logprobs"], out);
        break;
      case "content-start":
        this.#answer.begin(index, out);
        this.#answer.grow(objectOf(message["content"]) ?? nothing, undefined, out);
        break;
      case "tool-plan-delta":
        this.#answer.plan(pieceOf(message["tool_plan"]), out);
        break;
      case "tool-call-start":
        this.#answer.call(index, objectOf(message["tool_calls"]) ?? nothing, out);
        break;
      case "tool-call-delta":
        this.#answer.growCall(index, objectOf(message["tool_calls"]) ?? nothing, out);
        break;
      case "tool-call-end":
        this.#answer.endCall(index, out);
        break;
      case "citation-start":
        this.#answer.cite(objectOf(message["citations"]) ?? nothing, out);
        break;
      case "message-end":
        this.#ending = delta;
        return true;
      default:
        this.#check(event);
    }
    return false;
  }

  finish(out: Chunk[]): void {
    this.#answer.finish(this.#ending, this.#ending["usage"], out);
  }

  misread(body: string): GatewayError {
    if (body === "") return badResponse("empty", "sent an empty body");
    const fault = faultIn(parseObject(body) ?? nothing, this.#attempt);
    return fault ?? badResponse("not_sse", "did not send a stream of events");
  }

  #check(event: JsonObject): void {
    const fault = faultIn(event, this.#attempt);
    if (fault !== undefined) throw fault;
  }
}

function listOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.map((one) => objectOf(one) ?? nothing) : [];
}
