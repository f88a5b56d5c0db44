import { toJson } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { type CompletionFailure, CompletionFailureSchema } from "../../gen/llmhub/v1/completion_pb.ts";

/** What is wrong with one field of a request. */
export interface FieldViolation {
  /** Path of the field: "messages[0].role". */
  readonly field: string;
  readonly description: string;
}

/** What an error knows besides its code and its words. */
interface ErrorFacts {
  readonly reason?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly retryAfterMs?: number | undefined;
  readonly fieldViolations?: readonly FieldViolation[];
  readonly failure?: CompletionFailure | undefined;
  readonly requestId?: string;
  readonly cause?: unknown;
}

/** How any call of the hub fails, with what the gateway says of it decoded. No member holds a key. */
export class HubError extends Error {
  override readonly name = "HubError";
  /** gRPC status. */
  readonly code: Code;
  /** Name of an ErrorReason, such as "RATE_LIMITED". Open set; empty where no gateway answered. */
  readonly reason: string;
  /** Everything variable in the message. */
  readonly metadata: Readonly<Record<string, string>>;
  /** When a repeat may help. Undefined: it does not, or nobody said. */
  readonly retryAfterMs: number | undefined;
  /** Empty unless the request is wrong. */
  readonly fieldViolations: readonly FieldViolation[];
  /** What was tried, and what it cost all the same. Undefined: no provider was called. */
  readonly failure: CompletionFailure | undefined;
  /** Names the call in the gateway's log; empty where no gateway answered. */
  readonly requestId: string;

  constructor(code: Code, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.reason = facts.reason ?? "";
    this.metadata = facts.metadata ?? {};
    this.retryAfterMs = facts.retryAfterMs;
    this.fieldViolations = facts.fieldViolations ?? [];
    this.failure = facts.failure;
    this.requestId = facts.requestId ?? "";
  }

  /** Whatever a call threw, as a HubError. */
  static from(error: unknown): HubError {
    if (error instanceof HubError) return error;
    const cause = ConnectError.from(error);
    const info = cause.findDetails(ErrorInfoSchema)[0];
    const delay = cause.findDetails(RetryInfoSchema)[0]?.retryDelay;
    return new HubError(cause.code, cause.rawMessage, {
      reason: info?.reason ?? (cause.code === Code.DeadlineExceeded ? "DEADLINE_EXCEEDED" : ""),
      metadata: info?.metadata ?? {},
      retryAfterMs: delay && Number(delay.seconds) * 1000 + delay.nanos / 1e6,
      fieldViolations: cause
        .findDetails(BadRequestSchema)
        .flatMap(({ fieldViolations }) => fieldViolations.map(({ field, description }) => ({ field, description }))),
      failure: cause.findDetails(CompletionFailureSchema)[0],
      requestId: cause.metadata.get("x-request-id") ?? "",
      cause,
    });
  }

  /** For logs: `failure` as the JSON of its message, and no cause. */
  toJSON(): object {
    const { name, message, code, reason, metadata, retryAfterMs, fieldViolations, requestId } = this;
    const failure = this.failure && toJson(CompletionFailureSchema, this.failure);
    return { name, message, code, reason, metadata, retryAfterMs, fieldViolations, failure, requestId };
  }

  /** The caller's own signal ended the call. */
  static cancelled(cause: unknown): HubError {
    return new HubError(Code.Canceled, "the caller cancelled the call", { reason: "CANCELLED", cause });
  }
}
