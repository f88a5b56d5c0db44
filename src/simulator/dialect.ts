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
export type Operation = "generate" | "count" | "models" | "embed" | "rerank";

/** A request as its dialect looks at it. */
export interface Asking {
  readonly operation: Operation;
  readonly method: string;
  /** Decoded, without the query. */
  readonly path: string;
  /** The same as it was sent, which is what is signed. */
  readonly rawPath: string;
  /** With its "?"; empty where there is none. */
  readonly query: string;
  /** Empty for an absent header; names in lower case. */
  readonly header: (name: string) => string;
  /** The body as it came. */
  readonly raw: Buffer;
}

/** Texts to make vectors of. */
export interface EmbedAsk {
  readonly model: string;
  readonly texts: readonly string[];
  /** Undefined: the model's own. */
  readonly dimensions: number | undefined;
}

/** Vectors of length 1, in the order of the texts. */
export interface EmbedAnswer {
  readonly body: JsonObject;
  readonly ask: EmbedAsk;
  readonly vectors: readonly (readonly number[])[];
  readonly inputTokens: number;
  readonly seed: string;
}

/** Documents to order. */
export interface RerankAsk {
  readonly model: string;
  readonly query: string;
  readonly documents: readonly string[];
  /** Undefined: all. */
  readonly topN: number | undefined;
}

/** Documents by how many words of the query they have, best first. */
export interface RerankAnswer {
  readonly ask: RerankAsk;
  readonly results: readonly { readonly index: number; readonly score: number }[];
  readonly inputTokens: number;
  readonly seed: string;
}

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
  readonly text: string | Buffer;
  readonly tokens: number;
}

/**
 * Why a credential is refused. Of signed requests: the key's id is "unknown", the "signature" is another, or it was made at
 * another time ("skewed").
 */
export type CredentialDoubt = "missing" | "wrong" | "expired" | "unknown" | "signature" | "skewed";

/** What a failure is to say; the dialect supplies its provider's own words where `message` is absent. */
export interface FaultDetail {
  readonly kind: number | "context-length" | "quota";
  /** Beside the kind 401 or 403: what is wrong with the credential. */
  readonly doubt?: CredentialDoubt | undefined;
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
  readonly name: string;
  /** Header that only clients of this provider send, which decides where several dialects serve one path. */
  readonly mark: string | undefined;
  readonly streamType: string;
  /** Undefined for what the provider does not serve. */
  operation(method: string, path: string): Operation | undefined;
  /** Name of the model, scenario words included; absent where the body has it under "model". */
  model?(body: JsonObject, path: string): string;
  /**
   * What is wrong with the credential, given the secret that goes with every key; undefined where it is right. Absent: the
   * secret is wanted as a bearer token.
   */
  doubt?(asking: Asking, secret: string, nowMs: number): CredentialDoubt | undefined;
  /** Throws BadRequest for what the provider would turn down. */
  read(body: JsonObject, asking: Asking): Ask;
  /** The body of a unary answer. */
  whole(exchange: Exchange): unknown;
  /** The events of a streamed answer; what is not shown to the client, such as hidden reasoning, has no frames. */
  frames(exchange: Exchange): Iterable<Frame>;
  /** The body of a token count; absent where the provider has no such operation. */
  count?(inputTokens: number): unknown;
  /** Absent where the provider makes no vectors. */
  readonly embedding?: {
    read(body: JsonObject, asking: Asking): EmbedAsk;
    whole(answer: EmbedAnswer): unknown;
  };
  /** Absent where the provider does not rerank. */
  readonly reranking?: {
    read(body: JsonObject, asking: Asking): RerankAsk;
    whole(answer: RerankAnswer): unknown;
  };
  /** The body of a list of models. */
  models(names: readonly string[]): unknown;
  /** Headers of every response, the request's identifier among them. */
  headers(requestId: string): Readonly<Record<string, string>>;
  /** How a request is identified in headers and errors. */
  requestId(seed: string): string;
  fault(detail: FaultDetail): Fault;
  /** A failure told inside a stream that began with status 200. */
  faultFrame(requestId: string): string | Buffer;
}
