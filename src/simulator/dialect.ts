import type { Answer } from "./answer.ts";
import type { Ask } from "./ask.ts";
import type { JsonObject } from "./json.ts";

/** A request the simulated provider turns down with status 400; `param` is the field at fault. */
export class BadRequest extends Error {
  readonly param: string | undefined;
  constructor(message: string, param?: string) {
    super(message);
    this.param = param;
  }
}

/** What a POST or GET to a path asks for. */
export type Operation = "generate" | "count" | "models";

/** One request and its answer, all that writing the answer needs. */
export interface Exchange {
  readonly body: JsonObject;
  readonly ask: Ask;
  readonly answer: Answer;
  /** Hash of the request, from which identifiers are drawn. */
  readonly seed: string;
  readonly createdS: number;
}

/** A piece of the response body that is written at once, with the number of tokens in it that pace it. */
export interface Frame {
  readonly text: string;
  readonly tokens: number;
}

/** What a failure is to say; the dialect supplies its provider's own words where `message` is absent. */
export interface FaultDetail {
  readonly kind: number | "context-length" | "quota";
  readonly model: string;
  readonly requestId: string;
  readonly message?: string | undefined;
  readonly param?: string | undefined;
}

/** An HTTP failure in a provider's own words. */
export interface Fault {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** The wire format of one provider. Pure: no clock, no socket. */
export interface Dialect {
  readonly name: "chat-completions" | "messages";
  /** Header that only clients of this provider send, which decides where several dialects serve one path. */
  readonly mark: string | undefined;
  readonly streamType: string;
  /** Undefined for what the provider does not serve. */
  operation(method: string, path: string): Operation | undefined;
  /** Throws BadRequest for what the provider would turn down. */
  read(body: JsonObject, operation: Operation, header: (name: string) => string): Ask;
  /** The body of a unary answer. */
  whole(exchange: Exchange): unknown;
  /** The events of a streamed answer; what is not shown to the client, such as hidden reasoning, has no frames. */
  frames(exchange: Exchange): Iterable<Frame>;
  /** The body of a token count; absent where the provider has no such operation. */
  count?(inputTokens: number): unknown;
  /** The body of a list of models. */
  models(names: readonly string[]): unknown;
  /** Headers of every response, the request's identifier among them. */
  headers(requestId: string): Readonly<Record<string, string>>;
  /** How a request is identified in headers and errors. */
  requestId(seed: string): string;
  fault(detail: FaultDetail): Fault;
  /** A failure told inside a stream that began with status 200. */
  faultFrame(requestId: string): string;
}
