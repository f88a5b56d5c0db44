import type { Warning } from "../../gen/llmhub/v1/completion_pb.ts";
import type { Usage } from "../../gen/llmhub/v1/usage_pb.ts";
import type { Attempt } from "./call.ts";
import type { Chunk } from "./chunk.ts";
import type { GatewayError } from "./error.ts";

/** Response headers as undici gives them: lower-case names. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** An HTTP request to a provider, before address and credential are added. */
export interface Rendered<Body extends object = object> {
  /** Appended to the provider's base URL: "/chat/completions". */
  readonly path: string;
  /** Sent as JSON. */
  readonly body: Body;
  /** Besides content type, credential and the provider's own. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What the dialect cannot express: a loss report, never a silent drop. */
  readonly warnings: readonly Warning[];
}

/** Reads one answer: bytes in, chunks out. A state machine without I/O, clock or timers. */
export interface Reader {
  /** Model name the provider reports; empty until it is known. */
  readonly model: string;
  /** Takes what one read brought and appends chunks to `out`; preamble yields nothing. Throws a GatewayError. */
  push(bytes: Buffer, out: Chunk[]): void;
  /** The body is complete. Throws when the answer lacks its terminal marker. */
  end(out: Chunk[]): void;
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

/** A pure wire dialect. A provider's quirk is an override of one of these functions. */
export interface Protocol<Body extends object = object> {
  readonly name: string;
  /** Rejects with CAPABILITY_UNSUPPORTED or INVALID_REQUEST what cannot be sent at all. */
  render(attempt: Attempt): Rendered<Body>;
  read(attempt: Attempt): Reader;
  fault(failure: Failure): GatewayError;
  /** Native token count, where the dialect has one. */
  readonly count?: {
    render(attempt: Attempt): Rendered;
    read(body: string): Usage;
  };
}
