import type { JsonObject } from "@bufbuild/protobuf";
import type { Asked, Attempt } from "../../model/call.ts";
import type { GatewayError, Reason } from "../../model/error.ts";
import type { Failure } from "../../model/protocol.ts";
import { refusalOf } from "../../model/refusal.ts";
import { numberOf, objectOf, textOf } from "../field.ts";
import { retryMsMax } from "../retry-hint.ts";
import { messageCharsMax, overflowMetadata, reasonOf, statusFault, word } from "../status-fault.ts";

/** What the words of google.rpc.Code mean where nothing else says more. */
const meanings: ReadonlyMap<string, Reason> = new Map([
  ["INVALID_ARGUMENT", "PROVIDER_INVALID_REQUEST"],
  ["OUT_OF_RANGE", "PROVIDER_INVALID_REQUEST"],
  ["UNIMPLEMENTED", "PROVIDER_INVALID_REQUEST"],
  // What is missing is on the side of the account: a location that is served, or billing.
  ["FAILED_PRECONDITION", "PROVIDER_CREDENTIAL_INVALID"],
  ["UNAUTHENTICATED", "PROVIDER_CREDENTIAL_INVALID"],
  ["PERMISSION_DENIED", "PROVIDER_CREDENTIAL_INVALID"],
  ["RESOURCE_EXHAUSTED", "PROVIDER_RATE_LIMITED"],
  ["UNAVAILABLE", "PROVIDER_OVERLOADED"],
  ["DEADLINE_EXCEEDED", "PROVIDER_TIMEOUT"],
  ["ABORTED", "PROVIDER_UNAVAILABLE"],
  ["CANCELLED", "PROVIDER_UNAVAILABLE"],
  ["INTERNAL", "PROVIDER_UNAVAILABLE"],
  ["UNKNOWN", "PROVIDER_UNAVAILABLE"],
]);

/** What the API says only in words. Recorded or documented wordings. */
const tooLong = [
  /input token count \((?<input>\d{1,10})\) exceeds the maximum number of tokens allowed \((?<limit>\d{1,10})\)/i,
  /input token count is (?<input>\d{1,10}) but (?:the )?model only supports up to (?<limit>\d{1,10})/i,
];
const filtered = /violate[sd]? Google's Responsible AI/i;
const spent = /credits are depleted|spending (?:cap|limit)|enable billing/i;
const ofModel = /\bmodels?\b/i;
/** Things of the caller's that are not there, which the API will not tell from forbidden ones. */
const ofCaller = /\bfile\b|cached ?content/i;
/** Reasons of google.rpc.ErrorInfo that are matters of the account. */
const accountReasons: ReadonlyMap<string, Reason> = new Map([
  ["API_KEY_INVALID", "PROVIDER_CREDENTIAL_INVALID"],
  ["API_KEY_EXPIRED", "PROVIDER_CREDENTIAL_INVALID"],
  ["BILLING_DISABLED", "PROVIDER_QUOTA_EXHAUSTED"],
]);

/** The error for a response that is no answer: a google.rpc.Status, alone or in a list. */
export function fault(failure: Failure): GatewayError {
  const error = errorIn(parse(failure.body));
  const details = detailsOf(error);
  const status = word(error?.["status"]);
  const reason = word(details.get("ErrorInfo")?.["reason"]);
  const message = textOf(error?.["message"]).slice(0, messageCharsMax);
  const overflow = tooLong.map((wording) => wording.exec(message)).find((found) => found !== null);
  const { input, limit } = overflow?.groups ?? {};
  const special = overflow ? "CONTEXT_LENGTH_EXCEEDED" : specialReason(status, reason, message, details, failure);
  const code = numberOf(error?.["code"]) ?? failure.status;
  return statusFault(failure, {
    code: reason || status,
    reason:
      special ?? meanings.get(status) ?? (error === undefined ? undefined : reasonOf(code, failure.modelDeclared)),
    requestId: textOf(details.get("RequestInfo")?.["requestId"]),
    retryMs: delayOf(details.get("RetryInfo")?.["retryDelay"]),
    metadata: overflowMetadata(input, limit),
  });
}

/** The error for an error object that came where an answer was due, under HTTP 200. */
export function faultWithin(attempt: Attempt<Asked>, body: string): GatewayError {
  return fault(refusalOf(attempt, { status: 200, headers: {}, body }));
}

/** The error for a prompt that the provider does not answer. `why` is its own word. */
export function promptBlocked(attempt: Attempt, why: string): GatewayError {
  const failure = refusalOf(attempt, { status: 200, headers: {}, body: "" });
  return statusFault(failure, { code: why, reason: "PROVIDER_CONTENT_FILTERED" });
}

/** The error object of a body, or of the first entry of a list; undefined for anything else. */
export function errorIn(value: unknown): JsonObject | undefined {
  return objectOf(objectOf(Array.isArray(value) ? value[0] : value)?.["error"]);
}

/** Whether a body is a failure in Google's form: endpoints serve other dialects too. */
export function isStatus(body: string): boolean {
  return word(errorIn(parse(body))?.["status"]) !== "";
}

type Details = ReadonlyMap<string, JsonObject>;

function specialReason(
  status: string,
  reason: string,
  message: string,
  details: Details,
  { modelDeclared }: Failure,
): Reason | undefined {
  const ofAccount = accountReasons.get(reason);
  if (ofAccount !== undefined) return ofAccount;
  if (filtered.test(message)) return "PROVIDER_CONTENT_FILTERED";
  if (status === "RESOURCE_EXHAUSTED" || status === "FAILED_PRECONDITION") {
    return spent.test(message) || isUsedUp(details) ? "PROVIDER_QUOTA_EXHAUSTED" : undefined;
  }
  if (status === "PERMISSION_DENIED" && ofCaller.test(message)) return "PROVIDER_INVALID_REQUEST";
  if (status !== "NOT_FOUND") return undefined;
  if (!ofModel.test(message)) return "PROVIDER_INVALID_REQUEST";
  return modelDeclared ? "PROVIDER_MODEL_NOT_FOUND" : "MODEL_NOT_FOUND";
}

/** A quota of a day, or one of nothing, is no matter of waiting; one of a minute is. */
function isUsedUp(details: Details): boolean {
  const violations = details.get("QuotaFailure")?.["violations"];
  return (Array.isArray(violations) ? violations : []).some((violation) => {
    const { quotaId, quotaValue } = objectOf(violation) ?? {};
    return /PerDay/i.test(textOf(quotaId)) || textOf(quotaValue) === "0";
  });
}

/** The details by the last word of their type. */
function detailsOf(error: JsonObject | undefined): Details {
  const details = error?.["details"];
  return new Map(
    (Array.isArray(details) ? details : []).flatMap((entry) => {
      const detail = objectOf(entry);
      return detail === undefined ? [] : [[textOf(detail["@type"]).replace(/^.*\./, ""), detail] as const];
    }),
  );
}

/** "48s", "48.939935699s" */
function delayOf(duration: unknown): number | undefined {
  const seconds = /^(\d{1,12}(?:\.\d{1,9})?)s$/.exec(textOf(duration))?.[1];
  return seconds === undefined ? undefined : Math.min(Math.ceil(Number(seconds) * 1000), retryMsMax);
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
