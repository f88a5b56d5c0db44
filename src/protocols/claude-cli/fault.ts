import type { JsonObject } from "@bufbuild/protobuf";
import type { GatewayError, Reason } from "../../model/error.ts";
import type { Failure } from "../../model/protocol.ts";
import { numberOf, objectOf, parseObject, textOf } from "../field.ts";
import { overflowMetadata, reasonOf, statusFault, word } from "../status-fault.ts";

/** Characters of what the program says that are looked at. */
const saidCharsMax = 16 * 1024;

/** What the error of an assistant line, the program's own classification, means. The others say less than the words. */
const kinds: ReadonlyMap<string, Reason> = new Map([
  ["authentication_failed", "PROVIDER_CREDENTIAL_INVALID"],
  ["oauth_org_not_allowed", "PROVIDER_CREDENTIAL_INVALID"],
  ["billing_error", "PROVIDER_QUOTA_EXHAUSTED"],
  ["rate_limit", "PROVIDER_RATE_LIMITED"],
  ["overloaded", "PROVIDER_OVERLOADED"],
  ["invalid_request", "PROVIDER_INVALID_REQUEST"],
]);

/** What the program says in words, whether on its error output or as its result. The first that fits counts. */
const words: readonly (readonly [RegExp, Reason])[] = [
  [/prompt is too long|input is too long/i, "CONTEXT_LENGTH_EXCEEDED"],
  [
    /usage limit reached|hit your [^·\n]{0,40}(?:limit|budget)|limit reached|out of extra usage/i,
    "PROVIDER_QUOTA_EXHAUSTED",
  ],
  [/credit balance is too low|spend limit|usage credits required/i, "PROVIDER_QUOTA_EXHAUSTED"],
  [/request rejected \(429\)|temporarily limiting requests|rate limit/i, "PROVIDER_RATE_LIMITED"],
  [
    /not logged in|invalid api key|invalid auth token|please run \/login|failed to authenticate|authentication (?:required|error)|oauth token|apikeyhelper|login expired|account is on hold/i,
    "PROVIDER_CREDENTIAL_INVALID",
  ],
  [/organization has (?:been )?disabled/i, "PROVIDER_CREDENTIAL_INVALID"],
  [/overloaded|experiencing high load/i, "PROVIDER_OVERLOADED"],
  [/request timed out/i, "PROVIDER_TIMEOUT"],
];
const ofModel = /issue with the selected model|model [^\n]{0,80}(?:not found|does not exist)|unknown model/i;
const unknownOption = /unknown option/i;
const tokenCounts = /~(?<input>\d{1,10}) tokens \(limit (?<limit>\d{1,10})\)/;
/** Seconds since 1970 behind the words of older versions, or a time of day in those of newer ones. */
const resetSeconds = /limit reached\|(\d{9,11})/i;
const resetWords = /\bresets (?:at )?([\w:,+/() -]{1,64})/i;

/**
 * The error for a run that brought no answer. The body is either what `Run` tells of a process that ended without output,
 * or a result line of the program with what the lines before it said: `error`, `rate_limit_info`.
 */
export function fault(failure: Failure): GatewayError {
  const body = parseObject(failure.body) ?? {};
  const said = saidBy(body);
  const reason = reasonBehind(body, said, failure);
  const exitCode = numberOf(body["exitCode"]);
  const { input, limit } = tokenCounts.exec(said)?.groups ?? {};
  const reset = reason === "PROVIDER_QUOTA_EXHAUSTED" || reason === "PROVIDER_RATE_LIMITED" ? resetOf(body, said) : "";
  return statusFault(failure, {
    code: codeOf(body, said),
    reason,
    requestId: textOf(body["request_id"]),
    origin: originOf(body),
    metadata: {
      ...(exitCode === undefined ? {} : { exitCode: String(exitCode) }),
      ...overflowMetadata(input, limit),
      ...(reset === "" ? {} : { resetTime: reset }),
    },
  });
}

function saidBy(body: JsonObject): string {
  const errors = Array.isArray(body["errors"]) ? body["errors"].map(textOf) : [];
  return [textOf(body["output"]), textOf(body["result"]), ...errors].join("\n").slice(0, saidCharsMax);
}

function reasonBehind(body: JsonObject, said: string, { status, modelDeclared }: Failure): Reason | undefined {
  const kind = textOf(body["error"]);
  if (body["terminal_reason"] === "prompt_too_long") return "CONTEXT_LENGTH_EXCEEDED";
  if (kind === "model_not_found" || ofModel.test(said)) {
    return modelDeclared ? "PROVIDER_MODEL_NOT_FOUND" : "MODEL_NOT_FOUND";
  }
  const worded = words.find(([pattern]) => pattern.test(said))?.[1];
  if (worded !== undefined) return worded;
  if (kinds.has(kind)) return kinds.get(kind);
  if (body["exitCode"] === 0) return "PROVIDER_BAD_RESPONSE";
  return reasonOf(status, modelDeclared);
}

function codeOf(body: JsonObject, said: string): string {
  if (unknownOption.test(said)) return "unknown_option";
  const names = [body["error"], body["api_error_type"], body["terminal_reason"], body["subtype"]].map(word);
  return names.find((name) => name !== "") ?? "";
}

/** What stands in place of the HTTP status where the program met none. */
function originOf(body: JsonObject): string | undefined {
  if (numberOf(body["api_error_status"]) !== undefined) return undefined;
  if (textOf(body["signal"]) !== "") return `ended by ${word(body["signal"])}`;
  const exitCode = numberOf(body["exitCode"]);
  return exitCode === undefined ? "told by the program" : `exit code ${exitCode}`;
}

/** When a used-up allowance is there again: a time of ISO 8601, or as the program words it. */
function resetOf(body: JsonObject, said: string): string {
  const told = numberOf(objectOf(body["rate_limit_info"])?.["resetsAt"]);
  const seconds = told ?? Number(resetSeconds.exec(said)?.[1] ?? 0);
  if (seconds > 0 && seconds < 1e11) return new Date(seconds * 1000).toISOString();
  return resetWords.exec(said)?.[1]?.trim() ?? "";
}
