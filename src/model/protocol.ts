import type { CompleteRequest, Warning } from "../../gen/llmhub/v1/completion_pb.ts";
import type { MediaPart } from "../../gen/llmhub/v1/content_pb.ts";
import type { EmbedRequest } from "../../gen/llmhub/v1/embedding_pb.ts";
import type { RerankRequest } from "../../gen/llmhub/v1/rerank_service_pb.ts";
import type { Usage } from "../../gen/llmhub/v1/usage_pb.ts";
import type { Asked, Attempt } from "./call.ts";
import type { GatewayError } from "./error.ts";
import type { Piece } from "./reply.ts";
import type { Scores } from "./scores.ts";
import type { Vectors } from "./vectors.ts";

/** Response headers as undici gives them: lower-case names. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** An HTTP request to a provider, before address and credential are added. */
export interface Rendered<Body extends object = object> {
  /** Appended to the provider's base URL, query included: "/chat/completions". */
  readonly path: string;
  /** Sent as JSON. */
  readonly body: Body;
  /** Besides content type, credential and the provider's own. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What the dialect cannot express: a loss report, never a silent drop. */
  readonly warnings: readonly Warning[];
}

/** Reads one answer: bytes in, pieces out. A state machine without I/O, clock or timers. */
export interface Reader<Value = never> {
  /** Model name the provider reports; empty until it is known. */
  readonly model: string;
  /** The answer is complete, and yet the provider goes on working: its connection is given up at once. */
  readonly isUnwanted?: boolean;
  /** The answer was complete, and yet the body ended without its terminal marker. */
  readonly isUnmarked?: boolean;
  /** Takes what one read brought and appends pieces to `out`; preamble yields nothing. Throws a GatewayError. */
  push(bytes: Buffer, out: Piece<Value>[]): void;
  /** The body is complete. Throws when the answer lacks its terminal marker. */
  end(out: Piece<Value>[]): void;
}

/** A response that is no answer. */
export interface Failure {
  readonly provider: string;
  readonly model: string;
  /** The model is in the gateway's own table, so that its absence is the operator's matter, not the caller's. */
  readonly modelDeclared: boolean;
  readonly status: number;
  readonly headers: Headers;
  /** At most 64 KiB of the body. */
  readonly body: string;
}

/** A pure wire dialect of one operation. A provider's quirk is an override of one of these functions. */
export interface Dialect<Request extends Asked, Value = never, Body extends object = object> {
  readonly name: string;
  /** Rejects with CAPABILITY_UNSUPPORTED or INVALID_REQUEST what cannot be sent at all. */
  render(attempt: Attempt<Request>): Rendered<Body>;
  read(attempt: Attempt<Request>): Reader<Value>;
  fault(failure: Failure): GatewayError;
  /** A streamed answer may come as application/json. Absent: that is taken for a refusal under status 200. */
  readonly streamsJson?: true;
}

/** The dialect of generated content. */
export interface Protocol<Body extends object = object> extends Dialect<CompleteRequest, never, Body> {
  /** Native token count, where the dialect has one. */
  readonly count?: {
    render(attempt: Attempt): Rendered;
    read(body: string): Usage;
  };
  /** Whether media given by an https address must be fetched first, because it is taken inline only. Absent: never. */
  fetches?(media: MediaPart, attempt: Attempt): boolean;
}

/** The dialect of embeddings. */
export interface EmbedDialect extends Dialect<EmbedRequest, Vectors> {
  /** Texts that one request takes; more are split into several requests. */
  textsMax(model: string): number;
  /** Tokens that one request takes, those of all its texts together. Absent: no limit but that of each text. */
  tokensMax?(model: string): number;
}

/** The dialect of reranking. */
export type RerankDialect = Dialect<RerankRequest, Scores>;
