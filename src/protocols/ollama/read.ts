import type { JsonObject } from "@bufbuild/protobuf";
import type { Attempt } from "../../model/call.ts";
import type { Chunk } from "../../model/chunk.ts";
import type { Reader } from "../../model/protocol.ts";
import { LineParser } from "../../stream/lines.ts";
import { badResponse, truncated } from "../bad-response.ts";
import { parseExactObject, parseObject } from "../field.ts";
import { type WholeAnswer, WholeReader } from "../whole-reader.ts";
import { Answer } from "./answer.ts";
import { faultIn } from "./fault.ts";

/** The reader for one answer, streamed or whole as the call wants it. */
export function read(attempt: Attempt): Reader {
  return attempt.call.stream ? new LineReader(attempt) : new WholeReader(new Whole(attempt));
}

/** Arguments of tools are to arrive as the model wrote them; reading exactly takes longer, so only where there are some. */
function pieceOf(text: string, attempt: Attempt): JsonObject {
  const piece = text.includes('"tool_calls"') ? parseExactObject(text) : parseObject(text);
  if (piece === undefined) throw badResponse("bad_json", "sent a line that is not a JSON object");
  const fault = faultIn(piece, attempt);
  if (fault !== undefined) throw fault;
  return piece;
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
    this.#answer.take(pieceOf(body, this.#attempt), out);
    if (!this.#answer.isDone) throw badResponse("not_done", "sent an answer that is not complete");
    this.#answer.finish(out);
  }
}

/** Reads an answer of one JSON object a line. What comes after the last piece is ignored. */
class LineReader implements Reader {
  readonly #attempt: Attempt;
  readonly #answer: Answer;
  readonly #lines = new LineParser(this);
  /** Where the push under way puts its chunks. */
  #out: Chunk[] = [];
  #isEmpty = true;

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
    this.#answer = new Answer(attempt);
  }

  get model(): string {
    return this.#answer.model;
  }

  push(bytes: Buffer, out: Chunk[]): void {
    if (this.#answer.isDone) return;
    this.#out = out;
    this.#lines.push(bytes);
  }

  line(text: string): void {
    if (this.#answer.isDone) return;
    this.#isEmpty = false;
    this.#answer.take(pieceOf(text, this.#attempt), this.#out);
    if (this.#answer.isDone) this.#answer.finish(this.#out);
  }

  end(out: Chunk[]): void {
    if (this.#answer.isDone) return;
    this.#out = out;
    this.#lines.end();
    if (this.#isEmpty) throw badResponse("empty", "sent an empty body");
    if (!this.#answer.isDone) throw truncated();
  }
}
