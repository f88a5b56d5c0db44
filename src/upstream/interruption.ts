import { create } from "@bufbuild/protobuf";
import { type CompletionFailure, CompletionFailureSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { AttemptOutcome } from "../../gen/llmhub/v1/routing_pb.ts";
import type { Cost, Usage } from "../../gen/llmhub/v1/usage_pb.ts";
import { attemptRecord } from "../model/attempt-record.ts";
import type { Asked, Attempt } from "../model/call.ts";
import { GatewayError } from "../model/error.ts";
import type { Dialect, Failure } from "../model/protocol.ts";
import { refusalOf } from "../model/refusal.ts";
import { chargesOf } from "../model/sum.ts";

/** Failures of a provider that, once output was sent, are all the same to the caller: the stream broke. */
const interruptions = new Set([
  "PROVIDER_UNAVAILABLE",
  "PROVIDER_OVERLOADED",
  "PROVIDER_TIMEOUT",
  "PROVIDER_RATE_LIMITED",
  "STREAM_INTERRUPTED",
]);
/** Causes that have another name once output has begun. */
const causeNames = new Map([["idle", "stalled"]]);

/**
 * The error as it is seen from where it struck. After output, a failing provider is STREAM_INTERRUPTED with the length of
 * what was delivered; before it, an answer that ends too early is PROVIDER_BAD_RESPONSE.
 */
export function interrupted(
  error: GatewayError,
  attempt: Attempt<Asked>,
  started: boolean,
  chars: number,
): GatewayError {
  const { target } = attempt;
  const metadata = { ...error.info, provider: target.provider.id, model: target.model };
  return started ? afterOutput(error, { ...metadata, deliveredChars: String(chars) }) : beforeOutput(error, metadata);
}

type Metadata = Readonly<Record<string, string>>;

/** When a provider breaks, no repeat is advised: it would give the caller the beginning twice. */
function afterOutput(error: GatewayError, metadata: Metadata): GatewayError {
  if (error.reason === "PROVIDER_BAD_RESPONSE") return error.with(metadata, "never");
  if (!interruptions.has(error.reason)) return error.with(metadata);
  const { upstream, cause: underneath } = error;
  const cause = causeNames.get(error.info["cause"] ?? "") ?? error.info["cause"] ?? error.reason.toLowerCase();
  return new GatewayError("STREAM_INTERRUPTED", `the provider's stream broke after output had begun (${cause})`, {
    metadata: { ...metadata, cause },
    upstream,
    cause: underneath,
  });
}

function beforeOutput(error: GatewayError, metadata: Metadata): GatewayError {
  if (error.reason === "STREAM_INTERRUPTED") {
    const { upstream, cause } = error;
    const message = "the provider's answer ended before it was complete";
    return new GatewayError("PROVIDER_BAD_RESPONSE", message, { metadata, upstream, cause });
  }
  if (error.reason === "DEADLINE_EXCEEDED") return error.with({ ...metadata, cause: "provider_first_token" });
  return error.with(metadata);
}

interface Spent {
  readonly usage: Usage;
  readonly cost: Cost | undefined;
  readonly sentMs: number;
  /** The request may have reached the provider. */
  readonly sent: boolean;
  /** Output had been handed on. */
  readonly started: boolean;
}

/** The record of a failed attempt beside those before it. */
export function failureOf(
  attempt: Attempt<Asked>,
  error: GatewayError,
  { usage, cost, sentMs, sent, started }: Spent,
): CompletionFailure {
  const charged = started || (sent && wasWorkedOn(error));
  const outcome = outcomeOf(error);
  const record = attemptRecord(attempt, sentMs, {
    outcome,
    errorReason: outcome === AttemptOutcome.LOST_HEDGE ? "" : error.reason,
    errorCause: outcome === AttemptOutcome.LOST_HEDGE ? "" : (error.info["cause"] ?? ""),
    upstreamStatus: error.upstream.status,
    upstreamCode: error.upstream.code.slice(0, 64),
    ...(charged ? { usage } : {}),
    ...(charged && cost !== undefined ? { cost: { ...cost, lines: [] } } : {}),
  });
  const attempts = [...attempt.failures, record];
  return create(CompletionFailureSchema, {
    id: attempt.call.id,
    attempts,
    outputStarted: started,
    ...chargesOf(attempts),
  });
}

function outcomeOf({ reason, info }: GatewayError): AttemptOutcome {
  if (info["cause"] === "lost_hedge") return AttemptOutcome.LOST_HEDGE;
  return reason === "PROVIDER_TIMEOUT" ? AttemptOutcome.TIMED_OUT : AttemptOutcome.FAILED;
}

/** The provider may have generated, and so charged for, something: it took the request and did not refuse it. */
function wasWorkedOn(error: GatewayError): boolean {
  const neverSent = ["connect", "connect_timeout", "dns", "tls", "program"];
  return error.upstream.status < 400 && !neverSent.includes(error.info["cause"] ?? "");
}

/** A body that ends before the answer does. */
export function truncated(): GatewayError {
  return new GatewayError("STREAM_INTERRUPTED", "no terminal marker", { metadata: { cause: "truncated" } });
}

/** What a dialect makes of a response that is no answer; INTERNAL where it fails at that, because it may be an operator's own. */
export function faultIn<Request extends Asked, Value>(
  dialect: Dialect<Request, Value>,
  attempt: Attempt<Request>,
  answer: Pick<Failure, "status" | "headers" | "body">,
): GatewayError {
  try {
    return GatewayError.of(dialect.fault(refusalOf(attempt, answer)));
  } catch (error) {
    return GatewayError.of(error);
  }
}
