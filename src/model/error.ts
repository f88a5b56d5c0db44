import { create, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { type CompletionFailure, CompletionFailureSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import type { ErrorReason } from "../../gen/llmhub/v1/error_reason_pb.ts";

/** Value of ErrorInfo.domain on every error. */
const errorDomain = "llmhub";

/** Longest value of metadata: a provider decides about some, and details travel in a trailer. */
const valueCharsMax = 256;

/** Longest message sent to a client; metadata of a gRPC trailer is small. */
const messageCharsMax = 512;

/** Told to be repeated at once, or within a few milliseconds, clients of gRPC's C core do nothing until their deadline. */
const pushbackMinMs = 20;

/** Name of a value of llmhub.v1.ErrorReason, as ErrorInfo.reason carries it. */
export type Reason = Exclude<keyof typeof ErrorReason, "UNSPECIFIED">;

/** What a reason means to whoever is told of it. */
export interface Meaning {
  /** gRPC status code. */
  readonly code: Code;
  /** Delay of RetryInfo when the failure brings none. Absent: a repeat does not help, and no RetryInfo is sent. */
  readonly retryMs?: number;
}

/** The one table of failures: every error of the gateway is a row here. */
export const reasons: Readonly<Record<Reason, Meaning>> = {
  INVALID_REQUEST: { code: Code.InvalidArgument },
  MODEL_REQUIRED: { code: Code.InvalidArgument },
  CONTEXT_LENGTH_EXCEEDED: { code: Code.InvalidArgument },
  CAPABILITY_UNSUPPORTED: { code: Code.InvalidArgument },
  PAYLOAD_TOO_LARGE: { code: Code.ResourceExhausted },
  IDEMPOTENCY_KEY_REUSED: { code: Code.InvalidArgument },
  IDEMPOTENCY_KEY_IN_USE: { code: Code.Aborted, retryMs: 1000 },
  PAGE_TOKEN_INVALID: { code: Code.InvalidArgument },
  RESUME_TOKEN_INVALID: { code: Code.NotFound },
  CACHE_MISS: { code: Code.NotFound },
  CREDENTIALS_MISSING: { code: Code.Unauthenticated },
  API_KEY_INVALID: { code: Code.Unauthenticated },
  API_KEY_EXPIRED: { code: Code.Unauthenticated },
  API_KEY_SUSPENDED: { code: Code.PermissionDenied },
  IDENTITY_UNKNOWN: { code: Code.Unauthenticated },
  PERMISSION_DENIED: { code: Code.PermissionDenied },
  RATE_LIMITED: { code: Code.ResourceExhausted, retryMs: 1000 },
  CONCURRENCY_LIMITED: { code: Code.ResourceExhausted, retryMs: 1000 },
  COST_LIMIT_EXCEEDED: { code: Code.FailedPrecondition },
  DEADLINE_EXCEEDED: { code: Code.DeadlineExceeded },
  CANCELLED: { code: Code.Canceled },
  NOT_FOUND: { code: Code.NotFound },
  MODEL_NOT_FOUND: { code: Code.NotFound },
  PROVIDER_CONTENT_FILTERED: { code: Code.InvalidArgument },
  PROVIDER_UNAVAILABLE: { code: Code.Unavailable, retryMs: 1000 },
  PROVIDER_OVERLOADED: { code: Code.Unavailable, retryMs: 2000 },
  PROVIDER_TIMEOUT: { code: Code.Unavailable, retryMs: 1000 },
  PROVIDER_RATE_LIMITED: { code: Code.ResourceExhausted, retryMs: 2000 },
  PROVIDER_QUOTA_EXHAUSTED: { code: Code.FailedPrecondition },
  PROVIDER_CREDENTIAL_INVALID: { code: Code.FailedPrecondition },
  PROVIDER_INVALID_REQUEST: { code: Code.InvalidArgument },
  PROVIDER_MODEL_NOT_FOUND: { code: Code.FailedPrecondition },
  PROVIDER_BAD_RESPONSE: { code: Code.Internal, retryMs: 0 },
  STREAM_INTERRUPTED: { code: Code.Unavailable },
  NO_HEALTHY_TARGET: { code: Code.Unavailable, retryMs: 1000 },
  GATEWAY_OVERLOADED: { code: Code.Unavailable, retryMs: 1000 },
  GATEWAY_DRAINING: { code: Code.Unavailable, retryMs: 0 },
  GATEWAY_DEPENDENCY_UNAVAILABLE: { code: Code.Unavailable, retryMs: 1000 },
  INTERNAL: { code: Code.Internal },
  FEATURE_DISABLED: { code: Code.Unimplemented },
};

/** What a failure says besides its reason. */
export interface FaultFacts {
  /** Everything variable in the message, for programs. Keys are lowerCamelCase; never a secret, never content. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** When a repeat may help, in milliseconds, or that none does. Ignored for reasons that no repeat helps. */
  readonly retryMs?: number | "never" | undefined;
  /** What the provider answered, for the record of the attempt. */
  readonly upstream?: { readonly status: number; readonly code: string; readonly requestId: string };
  /** The error underneath, for the log only; it never reaches a client. */
  readonly cause?: unknown;
  /** One object for many calls: nothing may be added to it. */
  readonly shared?: boolean;
}

/**
 * The only error of the gateway. It reaches gRPC and Connect clients as it is: with ErrorInfo always, RetryInfo exactly
 * when a repeat may help, and whatever `detail` adds.
 */
export class GatewayError extends ConnectError {
  readonly reason: Reason;
  readonly info: Readonly<Record<string, string>>;
  /** Undefined: a repeat does not help. */
  readonly retryMs: number | undefined;
  /** When a repeat may help, as the provider itself said; undefined where it said nothing, or that none does. */
  readonly hintMs: number | undefined;
  readonly upstream: { readonly status: number; readonly code: string; readonly requestId: string };
  /** One object for many calls: to add something, make a copy with `with`. */
  readonly isShared: boolean;
  #failure: CompletionFailure | undefined;

  constructor(reason: Reason, message: string, facts: FaultFacts = {}) {
    const { code, retryMs: retryMsDefault } = reasons[reason];
    super(message.slice(0, messageCharsMax), code, undefined, undefined, facts.cause);
    this.reason = reason;
    this.isShared = facts.shared ?? false;
    this.info = Object.fromEntries(
      Object.entries(facts.metadata ?? {}).map(([key, value]) => [key, value.slice(0, valueCharsMax)]),
    );
    const { status = 0, code: upstreamCode = "", requestId = "" } = facts.upstream ?? {};
    this.upstream = {
      status,
      code: upstreamCode.slice(0, valueCharsMax),
      requestId: requestId.slice(0, valueCharsMax),
    };
    this.hintMs = typeof facts.retryMs === "number" ? facts.retryMs : undefined;
    this.retryMs = facts.retryMs === "never" ? undefined : delayOf(facts.retryMs, retryMsDefault);
    this.detail(ErrorInfoSchema, { reason, domain: errorDomain, metadata: { ...this.info } });
    if (this.retryMs !== undefined) {
      this.detail(RetryInfoSchema, { retryDelay: durationOf(this.retryMs) });
      this.metadata.set("retry-after", String(Math.ceil(this.retryMs / 1000)));
    }
    // A client with a retry policy obeys: the delay, or -1 for "do not" (gRFC A6).
    const pushbackMs = this.retryMs === undefined ? -1 : Math.max(Math.ceil(this.retryMs), pushbackMinMs);
    this.metadata.set("grpc-retry-pushback-ms", String(pushbackMs));
  }

  /** By class, not by shape: ConnectError's own test would take every ConnectError for one of ours. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return Function.prototype[Symbol.hasInstance].call(GatewayError, value);
  }

  /** Attaches one more typed detail. Keep the sum below 4 KiB: it travels in a trailer. */
  detail<Desc extends DescMessage>(schema: Desc, value: MessageInitShape<Desc>): this {
    this.details.push({ desc: schema, value: create(schema, value) as never });
    return this;
  }

  /**
   * The same failure with more metadata, and perhaps no advice to repeat. A new object: the reason of a signal is shared
   * by all who listen to it.
   */
  with(
    metadata: Readonly<Record<string, string>>,
    retryMs: number | "never" | undefined = this.retryMs === undefined ? "never" : this.hintMs,
  ): GatewayError {
    const { upstream, cause } = this;
    const copy = new GatewayError(this.reason, this.rawMessage, {
      metadata: { ...this.info, ...metadata },
      retryMs,
      upstream,
      cause,
    });
    const own = new Set<DescMessage>([ErrorInfoSchema, RetryInfoSchema, CompletionFailureSchema]);
    copy.details.push(...this.details.filter((detail) => "desc" in detail && !own.has(detail.desc)));
    return copy;
  }

  /** What was tried and what it cost, once a provider was called. */
  get failure(): CompletionFailure | undefined {
    return this.#failure;
  }

  /** Says what was tried and what it cost. A later say replaces the earlier. */
  withFailure(failure: CompletionFailure): this {
    this.details = this.details.filter((detail) => !("desc" in detail) || detail.desc !== CompletionFailureSchema);
    this.#failure = failure;
    this.details.push({ desc: CompletionFailureSchema, value: failure });
    return this;
  }

  /** The error as the gateway's own: anything unknown becomes INTERNAL, without its message. */
  static of(error: unknown): GatewayError {
    if (error instanceof GatewayError) return error;
    return new GatewayError("INTERNAL", "internal error of the gateway", { cause: error });
  }
}

function delayOf(retryMs: number | undefined, retryMsDefault: number | undefined): number | undefined {
  return retryMsDefault === undefined ? undefined : Math.max(0, retryMs ?? retryMsDefault);
}

/** A google.protobuf.Duration in the shape of its initialiser. */
export function durationOf(ms: number): { seconds: bigint; nanos: number } {
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1000) * 1e6) };
}
