import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Attempt } from "../../model/call.ts";
import type { Chunk } from "../../model/chunk.ts";
import type { Reader } from "../../model/protocol.ts";
import { refusalOf } from "../../model/refusal.ts";
import { LineParser } from "../../stream/lines.ts";
import { badResponse, truncated } from "../bad-response.ts";
import { numberOf, objectOf, parseObject } from "../field.ts";
import { Answer } from "../messages/answer.ts";
import { isError, takeEvent } from "../messages/event.ts";
import { faultWithin } from "../messages/fault.ts";
import { fault } from "./fault.ts";

/** Endings after which the program would ask the model to go on, again and again. */
const cutShort: ReadonlySet<unknown> = new Set(["max_tokens", "model_context_window_exceeded"]);
/** Fields of the result line that are passed on. */
const passedOn = ["total_cost_usd", "session_id", "modelUsage"];
/** Status of a result that names none. */
const failedStatus = 500;

/** The reader for the lines of JSON that the program prints. */
export function read(attempt: Attempt): Reader {
  return new LineAnswer(attempt);
}

/** One message of the model in the events of the Messages API, between lines of the program's own. */
class LineAnswer implements Reader {
  /** The program would go on although the answer is complete. */
  isUnwanted = false;
  readonly #attempt: Attempt;
  readonly #answer: Answer;
  readonly #parser = new LineParser(this);
  #out: Chunk[] = [];
  #isFinished = false;
  #stopReason: unknown;
  /** What lines before the result say of a failure. */
  #hints: JsonObject = {};

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
    this.#answer = new Answer(attempt);
  }

  get model(): string {
    return this.#answer.model;
  }

  push(bytes: Buffer, out: Chunk[]): void {
    if (this.#isFinished) return;
    this.#out = out;
    this.#parser.push(bytes);
  }

  end(out: Chunk[]): void {
    if (this.#isFinished) return;
    this.#out = out;
    this.#parser.end();
    if (!this.#isFinished) throw truncated();
  }

  /** Takes a line from the parser. */
  line(text: string): void {
    if (this.#isFinished) return;
    const line = parseObject(text);
    if (line === undefined) throw badResponse("bad_json", "printed a line that is not a JSON object");
    switch (line["type"]) {
      case "stream_event":
        // What an agent of the program hears is not the answer.
        if (typeof line["parent_tool_use_id"] !== "string") this.#takeEvent(objectOf(line["event"]) ?? {});
        break;
      case "assistant":
        this.#hint(line, "error");
        this.#hint(line, "request_id");
        break;
      case "rate_limit_event":
        this.#hint(line, "rate_limit_info");
        break;
      case "result":
        this.#takeResult(line);
        break;
      default:
    }
  }

  #takeEvent(event: JsonObject): void {
    if (isError(event)) throw faultWithin(this.#attempt, JSON.stringify(event));
    if (event["type"] === "message_delta") this.#stopReason = objectOf(event["delta"])?.["stop_reason"];
    if (!takeEvent(this.#answer, event, this.#out)) return;
    // A message that broke off is ended all the same, and the program would have the model begin again.
    if (!this.#answer.isStopped) throw truncated();
    if (!cutShort.has(this.#stopReason)) return;
    this.isUnwanted = true;
    this.#finish({});
  }

  #takeResult(result: JsonObject): void {
    if (result["is_error"] === true || result["subtype"] !== "success") {
      const status = numberOf(result["api_error_status"]) ?? failedStatus;
      const body = JSON.stringify({ ...this.#hints, ...result });
      throw fault(refusalOf(this.#attempt, { status, headers: {}, body }));
    }
    // The program answers some prompts itself, without the model.
    if (!this.#answer.isStopped) throw badResponse("no_answer", "ended without an answer of the model");
    this.#answer.count(result["usage"]);
    const extras = passedOn.flatMap((name): [string, JsonValue][] => {
      const value = result[name];
      return value === undefined ? [] : [[name, value]];
    });
    this.#finish(Object.fromEntries(extras));
  }

  #finish(extras: JsonObject): void {
    this.#isFinished = true;
    this.#answer.finish(this.#out);
    const last = this.#out.at(-1);
    if (last?.case !== "finished" || Object.keys(extras).length === 0) return;
    const { providerMetadata } = last.value;
    const { id } = this.#attempt.target.provider;
    providerMetadata[id] = { ...providerMetadata[id], ...extras };
  }

  #hint(line: JsonObject, field: string): void {
    const value = line[field];
    if (value !== undefined) this.#hints[field] = value;
  }
}
