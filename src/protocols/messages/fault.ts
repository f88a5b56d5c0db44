import type { Attempt } from "../../model/call.ts";
import type { GatewayError, Reason } from "../../model/error.ts";
import type { Failure } from "../../model/protocol.ts";
import { refusalOf } from "../../model/refusal.ts";
import { objectOf, parseObject, textOf } from "../field.ts";
import { messageCharsMax, overflowMetadata, statusFault, word } from "../status-fault.ts";

/** What an error type means wherever it comes: behind a status, in place of an answer, in the middle of a stream. */
const meanings: ReadonlyMap<string, Reason> = new Map([
  ["invalid_request_error", "PROVIDER_INVALID_REQUEST"],
  ["request_too_large", "PROVIDER_INVALID_REQUEST"],
  ["authentication_error", "PROVIDER_CREDENTIAL_INVALID"],
  ["permission_error", "PROVIDER_CREDENTIAL_INVALID"],
  ["billing_error", "PROVIDER_QUOTA_EXHAUSTED"],
  ["rate_limit_error", "PROVIDER_RATE_LIMITED"],
  ["timeout_error", "PROVIDER_TIMEOUT"],
  ["api_error", "PROVIDER_UNAVAILABLE"],
  ["overloaded_error", "PROVIDER_OVERLOADED"],
]);

/** What the API says only in words, mostly under the type invalid_request_error. Recorded or documented wordings. */
const tooLong = /prompt is too long(?:: (?<input>\d{1,10}) tokens > (?<limit>\d{1,10}))?/i;
const tooLongWithOutput = /exceed context limit: (?<input>\d{1,10}) \+ \d{1,10} > (?<limit>\d{1,10})/i;
const spent = /credit balance is too low|reached your (?:specified )?(?:workspace )?API usage limits/i;
/** Behind 400, though it is no fault of the request. */
const disabled = /organization has been disabled/i;
const filtered = /blocked by content filtering policy/i;
/** A file or a batch can be unknown, too. */
const ofModel = /\bmodel\b/i;
const spentCode = "enforced_spend_limit_reached";

/** The error for a response that is no answer. */
export function fault(failure: Failure): GatewayError {
  const envelope = parseObject(failure.body);
  const error = objectOf(envelope?.["error"]);
  const code = word(error?.["type"]);
  const message = textOf(error?.["message"]).slice(0, messageCharsMax);
  const detail = word(objectOf(error?.["details"])?.["error_code"]);
  // An error of an unknown type in place of an answer: HTTP 200 says no more, so it is the provider's own.
  const unnamed = error !== undefined && failure.status < 300 ? "PROVIDER_UNAVAILABLE" : undefined;
  const overflow = tooLong.exec(message) ?? tooLongWithOutput.exec(message);
  const { input, limit } = overflow?.groups ?? {};
  return statusFault(failure, {
    code: detail === "" ? code : detail,
    reason: reasonOf(code, message, detail, failure) ?? unnamed,
    requestId: textOf(envelope?.["request_id"]),
    metadata: overflowMetadata(input, limit),
  });
}

/** The error for an error object that came where an answer was due, under HTTP 200. */
export function faultWithin(attempt: Attempt, body: string): GatewayError {
  return fault(refusalOf(attempt, { status: 200, headers: {}, body }));
}

function reasonOf(type: string, message: string, detail: string, failure: Failure): Reason | undefined {
  if (tooLong.test(message) || tooLongWithOutput.test(message)) return "CONTEXT_LENGTH_EXCEEDED";
  if (detail === spentCode || spent.test(message)) return "PROVIDER_QUOTA_EXHAUSTED";
  if (disabled.test(message)) return "PROVIDER_CREDENTIAL_INVALID";
  if (filtered.test(message)) return "PROVIDER_CONTENT_FILTERED";
  if (type === "not_found_error" || (type === "" && failure.status === 404)) {
    if (!ofModel.test(message)) return "PROVIDER_INVALID_REQUEST";
    return failure.modelDeclared ? "PROVIDER_MODEL_NOT_FOUND" : "MODEL_NOT_FOUND";
  }
  return meanings.get(type);
}
