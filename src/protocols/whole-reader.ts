import type { Reader } from "../model/protocol.ts";
import type { Piece } from "../model/reply.ts";
import { badResponse } from "./bad-response.ts";

/** What a dialect makes of an answer that comes in one body. */
export interface WholeAnswer<Value = never> {
  /** Model name the provider reports; empty until it is known. */
  readonly model: string;
  /** Takes the body, which is not blank, and appends all pieces of the answer. Throws a GatewayError. */
  take(body: string, out: Piece<Value>[]): void;
}

/** Reads an answer that is complete before anything of it is read. */
export class WholeReader<Value = never> implements Reader<Value> {
  readonly #answer: WholeAnswer<Value>;
  readonly #pieces: Buffer[] = [];

  constructor(answer: WholeAnswer<Value>) {
    this.#answer = answer;
  }

  get model(): string {
    return this.#answer.model;
  }

  push(bytes: Buffer): void {
    this.#pieces.push(bytes);
  }

  end(out: Piece<Value>[]): void {
    const [first] = this.#pieces;
    const bytes = this.#pieces.length === 1 && first !== undefined ? first : Buffer.concat(this.#pieces);
    const body = bytes.toString().trim();
    if (body === "") throw badResponse("empty", "sent an empty body");
    this.#answer.take(body, out);
  }
}
