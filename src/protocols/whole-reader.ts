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
  /** The body so far: most come in one piece. */
  #first: Buffer | undefined;
  #rest: Buffer[] | undefined;

  constructor(answer: WholeAnswer<Value>) {
    this.#answer = answer;
  }

  get model(): string {
    return this.#answer.model;
  }

  push(bytes: Buffer): void {
    if (this.#first === undefined) this.#first = bytes;
    else if (this.#rest === undefined) this.#rest = [bytes];
    else this.#rest.push(bytes);
  }

  end(out: Piece<Value>[]): void {
    const first = this.#first;
    const bytes = this.#rest === undefined ? first : Buffer.concat([...(first ? [first] : []), ...this.#rest]);
    const body = bytes === undefined ? "" : bytes.toString().trim();
    if (body === "") throw badResponse("empty", "sent an empty body");
    this.#answer.take(body, out);
  }
}
