import {
  BadRequestSchema,
  PreconditionFailureSchema,
  QuotaFailureSchema,
  ResourceInfoSchema,
} from "../../gen/google/rpc/error_details_pb.ts";
import { GatewayError, type Reason } from "../model/error.ts";
import type { Failure } from "../model/protocol.ts";
import { requestIdCharsMax, requestIdOf } from "../model/request-id.ts";
import { retryMsOf } from "./retry-hint.ts";

/** What a dialect reads out of an error body. */
export interface FaultReading {
  /** The provider's own error code or type. Passed on if it is an identifier; a sentence might hold content. */
  readonly code: string;
  /** Where the body says more than the status: a context overflow behind 400, an empty account behind 429. */
  readonly reason?: Reason | undefined;
  /** What the body names, if not empty, goes before what the headers do. Passed on as far as it is printable and has no blanks. */
  readonly requestId?: string;
  /** Stands in the message for the HTTP status, where that is made up. */
  readonly origin?: string | undefined;
  /** A delay that the body names, in milliseconds, or that no repeat helps. */
  readonly retryMs?: number | "never" | undefined;
  /** A delay that is told in words only, in milliseconds; the headers' counts before it. */
  readonly toldMs?: number | undefined;
  /** More metadata, such as limitTokens. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Characters of a provider's message that dialects look at; its length is the provider's. */
export const messageCharsMax = 2048;

const explanations: Partial<Record<Reason, string>> = {
  CONTEXT_LENGTH_EXCEEDED: "the input does not fit the context window of",
  PROVIDER_CONTENT_FILTERED: "the provider refused the input for",
  PROVIDER_INVALID_REQUEST: "the provider refused the request as invalid for",
  PROVIDER_CREDENTIAL_INVALID: "the provider refused the gateway's credential for",
  PROVIDER_QUOTA_EXHAUSTED: "the gateway's account at the provider is used up for",
  PROVIDER_MODEL_NOT_FOUND: "the provider does not know the configured model",
  MODEL_NOT_FOUND: "the provider does not know the model",
  PROVIDER_RATE_LIMITED: "the provider limits the rate of calls to",
  PROVIDER_OVERLOADED: "the provider is overloaded, for",
  PROVIDER_TIMEOUT: "the provider timed out for",
  PROVIDER_UNAVAILABLE: "the provider failed for",
  PROVIDER_BAD_RESPONSE: "the provider's answer cannot be read, for",
};

/** The error for an HTTP status, unless the dialect read a reason out of the body. `nowMs` is wall-clock time. */
export function statusFault(failure: Failure, reading: FaultReading, nowMs = Date.now()): GatewayError {
  const { provider, model, status, headers } = failure;
  const reason = reading.reason ?? reasonOf(status, failure.modelDeclared);
  const retryMs = reading.retryMs ?? retryMsOf(headers, nowMs) ?? reading.toldMs;
  const code = word(reading.code);
  const told = (reading.requestId || requestIdOf(headers)).slice(0, requestIdCharsMax);
  const requestId = /^[!-~]*/.exec(told)?.[0] ?? "";
  const error = new GatewayError(
    reason,
    `${explanations[reason] ?? "the provider failed for"} ${provider}/${model} (${reading.origin ?? `HTTP ${status}`})`,
    {
      metadata: {
        provider,
        model,
        upstreamStatus: String(status),
        upstreamCode: code,
        upstreamRequestId: requestId,
        ...reading.metadata,
      },
      upstream: { status, code, requestId },
      ...(retryMs === undefined ? {} : { retryMs }),
    },
  );
  attachDetail(error, `providers/${provider}`, `providers/${provider}/models/${model}`);
  return error;
}

/** Metadata of an input that does not fit, as far as the provider tells both numbers. */
export function overflowMetadata(inputTokens: string | undefined, limitTokens: string | undefined) {
  return {
    ...(inputTokens === undefined ? {} : { inputTokens }),
    ...(limitTokens === undefined ? {} : { limitTokens }),
  };
}

/** An identifier of at most 64 characters; empty for anything else, which might be a sentence. */
export function word(value: unknown): string {
  return typeof value === "string" && /^[\w.:-]{1,64}$/.test(value) ? value : "";
}

/** The reason behind an HTTP status when the body says nothing better. */
export function reasonOf(status: number, modelDeclared: boolean): Reason {
  if (status === 401 || status === 403) return "PROVIDER_CREDENTIAL_INVALID";
  if (status === 402) return "PROVIDER_QUOTA_EXHAUSTED";
  if (status === 404) return modelDeclared ? "PROVIDER_MODEL_NOT_FOUND" : "MODEL_NOT_FOUND";
  if (status === 408 || status === 504) return "PROVIDER_TIMEOUT";
  if (status === 409 || status === 425) return "PROVIDER_UNAVAILABLE";
  if (status === 429) return "PROVIDER_RATE_LIMITED";
  if (status === 503 || status === 529) return "PROVIDER_OVERLOADED";
  if (status >= 500) return "PROVIDER_UNAVAILABLE";
  if (status >= 400) return "PROVIDER_INVALID_REQUEST";
  return "PROVIDER_BAD_RESPONSE";
}

function attachDetail(error: GatewayError, provider: string, model: string): void {
  const description = error.rawMessage;
  const precondition = (type: string) => ({ violations: [{ type, subject: provider, description }] });
  switch (error.reason) {
    case "PROVIDER_RATE_LIMITED":
      error.detail(QuotaFailureSchema, { violations: [{ subject: provider, description }] });
      break;
    case "PROVIDER_QUOTA_EXHAUSTED":
      error.detail(PreconditionFailureSchema, precondition("PROVIDER_QUOTA"));
      break;
    case "PROVIDER_CREDENTIAL_INVALID":
      error.detail(PreconditionFailureSchema, precondition("PROVIDER_CREDENTIAL"));
      break;
    case "CONTEXT_LENGTH_EXCEEDED":
      error.detail(BadRequestSchema, { fieldViolations: [{ field: "messages", description }] });
      break;
    case "MODEL_NOT_FOUND":
      error.detail(ResourceInfoSchema, { resourceType: "llmhub.v1.Model", resourceName: model, description });
      break;
    default:
  }
}
