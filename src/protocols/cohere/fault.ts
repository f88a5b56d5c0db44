import type { JsonObject } from "@bufbuild/protobuf";
import type { Asked, Attempt } from "../../model/call.ts";
import type { GatewayError, Reason } from "../../model/error.ts";
import type { Failure } from "../../model/protocol.ts";
import { refusalOf } from "../../model/refusal.ts";
import { parseObject, textOf } from "../field.ts";
import { messageCharsMax, overflowMetadata, statusFault, word } from "../status-fault.ts";

/** What the API says in words only. Recorded or documented wordings. */
const tooLong = /^too many tokens: (?!max tokens)/i;
const overBy = /exceeded by (\d{1,10}) tokens/i;
const limitOf = /limit for this model is (\d{1,10}) tokens|cannot exceed (\d{1,10})/i;
const received = /received (\d{1,10})/i;
const spent = /calls? ?\/ ?month|per month|maximum billing|payment method/i;

/** Reasons behind statuses that are this API's own. */
const statuses: ReadonlyMap<number, Reason> = new Map([
  // A deny-listed token in request or answer.
  [498, "PROVIDER_CONTENT_FILTERED"],
  // Cancelled at the provider; a repeat helps.
  [499, "PROVIDER_UNAVAILABLE"],
  [501, "PROVIDER_INVALID_REQUEST"],
]);

/** Reasons behind answers that end with the finish reason ERROR, by error_type. */
const endings: ReadonlyMap<string, Reason> = new Map([
  ["INVALID_TOOL_GENERATION", "PROVIDER_BAD_RESPONSE"],
  ["TOO_MANY_TOKENS", "CONTEXT_LENGTH_EXCEEDED"],
]);

/** The error for a response that is no answer: {"message": "…", "id": "…", "error_type": "…"}. */
export function fault(failure: Failure): GatewayError {
  const body = parseObject(failure.body);
  const message = textOf(body?.["message"]).slice(0, messageCharsMax);
  const code = word(body?.["error_type"]);
  const isTooLong = code === "TOO_MANY_TOKENS" ? !/^too many tokens: max tokens/i.test(message) : tooLong.test(message);
  return statusFault(failure, {
    code,
    reason: isTooLong ? "CONTEXT_LENGTH_EXCEEDED" : reasonOf(message, failure, body),
    requestId: textOf(body?.["id"]),
    metadata: isTooLong ? limitsOf(message) : {},
  });
}

/**
 * The error that an object is where an answer was due, under HTTP 200; undefined for an answer. An error has a message that
 * is text, an answer's message is an object.
 */
export function faultIn(object: JsonObject, attempt: Attempt<Asked>): GatewayError | undefined {
  const message = textOf(object["message"]);
  if (message === "" && object["type"] !== "error") return undefined;
  const error = { message, id: textOf(object["id"]), error_type: textOf(object["error_type"]) };
  return fault(refusalOf(attempt, { status: 200, headers: {}, body: JSON.stringify(error) }));
}

/** The error for an answer that ends with the finish reason ERROR or TIMEOUT. */
export function endingFault(attempt: Attempt, finishReason: string, ending: JsonObject): GatewayError {
  const type = word(ending["error_type"]);
  const reason = finishReason === "TIMEOUT" ? "PROVIDER_TIMEOUT" : (endings.get(type) ?? "PROVIDER_UNAVAILABLE");
  const failure = refusalOf(attempt, { status: 200, headers: {}, body: "" });
  return statusFault(failure, { code: type === "" ? finishReason : type, reason });
}

function reasonOf(message: string, { status }: Failure, body: JsonObject | undefined): Reason | undefined {
  const own = statuses.get(status);
  if (own !== undefined) return own;
  if (status === 429 && spent.test(message)) return "PROVIDER_QUOTA_EXHAUSTED";
  // Of other things than models, and paths that are not there.
  if (status === 404 && !/\bmodel\b/i.test(message)) return "PROVIDER_INVALID_REQUEST";
  return status < 300 && body !== undefined ? "PROVIDER_UNAVAILABLE" : undefined;
}

function limitsOf(message: string): Record<string, string> {
  const [, named, bound] = limitOf.exec(message) ?? [];
  const limit = named ?? bound;
  if (limit === undefined) return {};
  const over = overBy.exec(message)?.[1];
  const input = over === undefined ? received.exec(message)?.[1] : String(Number(limit) + Number(over));
  return overflowMetadata(input, limit);
}
