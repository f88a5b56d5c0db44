import type { Asked, Attempt } from "../../model/call.ts";
import type { GatewayError, Reason } from "../../model/error.ts";
import type { Failure, Headers } from "../../model/protocol.ts";
import { refusalOf } from "../../model/refusal.ts";
import { parseObject, textOf } from "../field.ts";
import { messageCharsMax, overflowMetadata, statusFault, word } from "../status-fault.ts";

/** What an exception means wherever it comes: behind a status, as the first event, in the middle of a stream. */
const meanings: ReadonlyMap<string, Reason> = new Map([
  ["ValidationException", "PROVIDER_INVALID_REQUEST"],
  ["AccessDeniedException", "PROVIDER_CREDENTIAL_INVALID"],
  ["UnrecognizedClientException", "PROVIDER_CREDENTIAL_INVALID"],
  ["InvalidSignatureException", "PROVIDER_CREDENTIAL_INVALID"],
  ["IncompleteSignatureException", "PROVIDER_CREDENTIAL_INVALID"],
  ["MissingAuthenticationTokenException", "PROVIDER_CREDENTIAL_INVALID"],
  ["ExpiredTokenException", "PROVIDER_CREDENTIAL_INVALID"],
  ["ThrottlingException", "PROVIDER_RATE_LIMITED"],
  ["ServiceQuotaExceededException", "PROVIDER_QUOTA_EXHAUSTED"],
  ["ModelTimeoutException", "PROVIDER_TIMEOUT"],
  ["ModelNotReadyException", "PROVIDER_OVERLOADED"],
  ["ServiceUnavailableException", "PROVIDER_OVERLOADED"],
  ["InternalServerException", "PROVIDER_UNAVAILABLE"],
  ["ModelErrorException", "PROVIDER_UNAVAILABLE"],
  ["ModelStreamErrorException", "PROVIDER_UNAVAILABLE"],
]);

/** How each vendor's models say that the input is too long, all under ValidationException. Recorded or documented wordings. */
const overflows: readonly RegExp[] = [
  /prompt is too long(?:: (?<input>\d{1,10}) tokens > (?<limit>\d{1,10}))?/i,
  /exceed context limit: (?<input>\d{1,10}) \+ \d{1,10} > (?<limit>\d{1,10})/i,
  /Too many input tokens(?:\. Max input tokens: (?<limit>\d{1,10}), request input token count: (?<input>\d{1,10}))?/i,
  /maximum context length is (?<limit>\d{1,10})/i,
  /Input is too long for requested model|Input Tokens Exceeded|exceeds? the (?:model's )?(?:maximum )?context/i,
];
/** The account may not use the model, or there is no such model: both end with the operator or with another name. */
const unknownModel =
  /model identifier is invalid|access to the model|Model use case details|marked by provider as Legacy|end of its life/i;
const spent = /too many tokens per day/i;
const filtered = /blocked by content filtering policy/i;

/** The error for a response that is no answer. */
export function fault(failure: Failure): GatewayError {
  const body = parseObject(failure.body) ?? {};
  return faultOf(failure, typeOf(failure.headers, body["__type"]), textOf(body["message"] ?? body["Message"]));
}

/** The error for an exception that came where an answer was due, under HTTP 200. Streams write its name in lower camel case. */
export function faultWithin(attempt: Attempt<Asked>, type: string, body: string): GatewayError {
  const failure = refusalOf(attempt, { status: 200, headers: {}, body });
  const message = textOf(parseObject(body)?.["message"]);
  return faultOf(failure, type.charAt(0).toUpperCase() + type.slice(1), message);
}

function faultOf(failure: Failure, type: string, said: string): GatewayError {
  const message = said.slice(0, messageCharsMax);
  const overflow = overflows.map((pattern) => pattern.exec(message)).find((match) => match !== null);
  const { input, limit } = overflow?.groups ?? {};
  // HTTP 200 says nothing: an exception of an unknown name in a stream is the provider's own.
  const unnamed = failure.status < 300 ? "PROVIDER_UNAVAILABLE" : undefined;
  return statusFault(failure, {
    code: word(type),
    reason: (overflow ? "CONTEXT_LENGTH_EXCEEDED" : reasonOf(type, message, failure)) ?? unnamed,
    metadata: overflowMetadata(input, limit),
  });
}

function reasonOf(type: string, message: string, failure: Failure): Reason | undefined {
  if (type === "ResourceNotFoundException" || unknownModel.test(message)) {
    return failure.modelDeclared ? "PROVIDER_MODEL_NOT_FOUND" : "MODEL_NOT_FOUND";
  }
  if (spent.test(message)) return "PROVIDER_QUOTA_EXHAUSTED";
  if (filtered.test(message)) return "PROVIDER_CONTENT_FILTERED";
  return meanings.get(type);
}

/** The header says "Name:http://…", the body "namespace#Name", and mostly only one of them says anything. */
function typeOf(headers: Headers, inBody: unknown): string {
  const header = textOf(headers["x-amzn-errortype"]);
  const type = header === "" ? textOf(inBody) : header;
  return type.slice(type.indexOf("#") + 1).split(":")[0] ?? "";
}
