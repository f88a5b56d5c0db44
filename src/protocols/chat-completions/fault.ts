import type { Asked, Attempt } from "../../model/call.ts";
import type { GatewayError, Reason } from "../../model/error.ts";
import type { Failure } from "../../model/protocol.ts";
import { refusalOf } from "../../model/refusal.ts";
import { retryMsIn } from "../retry-hint.ts";
import { type FaultReading, messageCharsMax, reasonOf, statusFault, word } from "../status-fault.ts";
import { type ChatAnswer, type ChatError, isObject } from "./wire.ts";

/** Codes and types that say more than the HTTP status. */
const reasonOfCode: ReadonlyMap<string, Reason> = new Map<string, Reason>([
  ["context_length_exceeded", "CONTEXT_LENGTH_EXCEEDED"],
  ["exceed_context_size_error", "CONTEXT_LENGTH_EXCEEDED"],
  ["insufficient_quota", "PROVIDER_QUOTA_EXHAUSTED"],
  ["billing_hard_limit_reached", "PROVIDER_QUOTA_EXHAUSTED"],
  ["billing_not_active", "PROVIDER_QUOTA_EXHAUSTED"],
  ["enforced_spend_limit_reached", "PROVIDER_QUOTA_EXHAUSTED"],
  ["content_filter", "PROVIDER_CONTENT_FILTERED"],
  ["content_policy_violation", "PROVIDER_CONTENT_FILTERED"],
  ["invalid_prompt", "PROVIDER_CONTENT_FILTERED"],
  ["invalid_api_key", "PROVIDER_CREDENTIAL_INVALID"],
  ["overloaded_error", "PROVIDER_OVERLOADED"],
  ["insufficient_system_resource", "PROVIDER_OVERLOADED"],
  // Groq's flex tier, behind a status of its own (498).
  ["capacity_exceeded", "PROVIDER_OVERLOADED"],
  // The server has checked what the model wrote against the caller's schema: the model is wrong, not the caller.
  ["tool_use_failed", "PROVIDER_BAD_RESPONSE"],
  ["json_validate_failed", "PROVIDER_BAD_RESPONSE"],
]);

/** Codes and types that say no more than a status does: needed where the status is 200. */
const statusOfCode: ReadonlyMap<string, number> = new Map([
  ["rate_limit_exceeded", 429],
  ["rate_limit_error", 429],
  ["RateLimitReached", 429],
  ["requests", 429],
  ["tokens", 429],
  ["authentication_error", 401],
  ["permission_error", 403],
  ["invalid_request_error", 400],
  ["BadRequestError", 400],
  ["server_error", 500],
  ["api_error", 500],
  ["internal_error", 500],
  ["service_unavailable", 503],
  ["timeout", 504],
]);

const modelCodes: ReadonlySet<string> = new Set(["model_not_found", "DeploymentNotFound", "invalid_model"]);

/** How servers without a code of their own say whose fault it is. */
const wrongKey = /(?:incorrect|invalid) api key|api key not valid/i;
const missingModel = /model|deployment|no endpoints found/i;
/** OpenRouter's word for it, behind 400. */
const wrongModel = /is not a valid model id/i;
/** Says of an account, not of the credential or of the rate, why it is refused: at xAI, OpenRouter and Fireworks. */
const spent = /available credits|spending limit|key limit exceeded|doesn't have any credits/i;
const spentStatuses: ReadonlySet<number> = new Set([403, 412, 429]);
/** xAI refuses content as it refuses a key. */
const harmful = /violates usage guidelines(?:.*failed check: (\w{1,64}))?/is;
/** Says that a single request is above the limit per minute: waiting changes nothing. */
const tooLarge = /^request too large/i;

/** The error behind a response that is no answer. Under HTTP 200 the error itself says what status it stands for. */
export function faultOf(failure: Failure): GatewayError {
  const body = unlisted(parsed(failure.body));
  const error = errorIn(body);
  const isTold = isObject<ChatAnswer>(body) && body.error !== undefined && body.error !== null;
  const status = failure.status < 400 && isTold ? statusIn(error) : failure.status;
  return statusFault(failure, readingOf(error, failure, status));
}

/** The error that a body or an event holds although the HTTP status was 200. */
export function faultInAnswer(attempt: Attempt<Asked>, error: unknown): GatewayError {
  const failure = refusalOf(attempt, { status: 200, headers: {}, body: "" });
  const said = typeof error === "string" ? { message: error } : isObject<ChatError>(error) ? error : {};
  return statusFault(failure, readingOf(said, failure, statusIn(said)));
}

function readingOf(error: ChatError, failure: Failure, status: number): FaultReading {
  const message = messageOf(error);
  const limits = contextLimits(error, message);
  return {
    code: codeOf(error),
    reason:
      meaningOf(error, message, failure, status) ?? (limits && "CONTEXT_LENGTH_EXCEEDED") ?? plain(status, failure),
    ...(status === 429 && tooLarge.test(message) ? { retryMs: "never" } : {}),
    toldMs: retryMsIn(message),
    metadata: { ...limits, ...behind(error), ...categoryIn(message) },
  };
}

/** A path below a field that requests of the dialect have: "messages[0].role". Anything else might hold content. */
const requestPath =
  /^(?:model|messages|input|instructions|tools|tool_choice|response_format|text|reasoning\w*|include|stop|stream\w*|max_\w*tokens|temperature|top_\w+|logprobs|seed|user|service_tier|metadata|\w+_penalty)(?:\[\d{1,5}\]|\.\w{1,64}){0,8}$/;

/** Which field of the provider's own request is at fault, and who failed behind a server that routes on. */
function behind({ param, metadata }: ChatError): Record<string, string> {
  const upstreamField = typeof param === "string" && requestPath.test(param) ? { upstreamField: param } : {};
  const { provider_name: name } = isObject<{ provider_name?: unknown }>(metadata) ? metadata : {};
  const upstreamProvider = typeof name === "string" ? word(name.replaceAll(" ", "-")) : "";
  return { ...upstreamField, ...(upstreamProvider === "" ? {} : { upstreamProvider }) };
}

function categoryIn(message: string): Record<string, string> {
  const category = harmful.exec(message)?.[1];
  return category === undefined ? {} : { category };
}

/** What the code, or else the message, tells beyond the status. */
function meaningOf(error: ChatError, message: string, failure: Failure, status: number): Reason | undefined {
  const code = codeOf(error);
  const isModel = status === 404 && missingModel.test(`${code} ${message}`);
  const isNamed = modelCodes.has(code) || modelCodes.has(word(error.type));
  if (isModel || isNamed || (status === 400 && wrongModel.test(message))) return reasonOf(404, failure.modelDeclared);
  if (status === 400 && wrongKey.test(message)) return "PROVIDER_CREDENTIAL_INVALID";
  if (spentStatuses.has(status) && spent.test(message)) return "PROVIDER_QUOTA_EXHAUSTED";
  if (status === 403 && harmful.test(message)) return "PROVIDER_CONTENT_FILTERED";
  return reasonOfCode.get(code) ?? reasonOfCode.get(word(error.type));
}

/** What the status alone tells. A 404 that names no model is a wrong address, or a file that is not there. */
function plain(status: number, { modelDeclared }: Failure): Reason {
  return status === 404 ? "PROVIDER_INVALID_REQUEST" : reasonOf(status, modelDeclared);
}

/** The status that an error inside an answer stands for. Unknown ones are the provider's own failure. */
function statusIn(error: ChatError): number {
  const code = Number(error.code);
  if (code >= 400 && code <= 599) return code;
  return statusOfCode.get(word(error.code)) ?? statusOfCode.get(word(error.type)) ?? 500;
}

/** The error object, wherever servers put it: under "error", as a string there, or as the body itself. */
function errorIn(body: unknown): ChatError {
  if (!isObject<ChatError & { error?: unknown }>(body)) return {};
  const { error } = body;
  if (isObject<ChatError>(error)) return error;
  return typeof error === "string" ? { ...body, message: error } : body;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Some servers put the error object into a list of one. */
function unlisted(body: unknown): unknown {
  return Array.isArray(body) ? body[0] : body;
}

function codeOf({ code, type }: ChatError): string {
  return typeof code === "number" ? String(code) : word(code) || word(type);
}

function messageOf({ message }: ChatError): string {
  return typeof message === "string" ? message.slice(0, messageCharsMax) : "";
}

/** Sentences that tell the size of the context window and that of the input; some servers give no code of their own. */
const limitSentences = [
  /maximum context length is (\d{1,10}) tokens/,
  /maximum model length of (\d{1,10})/,
  /maximum number of tokens allowed \(?(\d{1,10})/,
  /maximum prompt length is (\d{1,10})/,
  /configured limit of (\d{1,10}) tokens/,
  /too large for model with (\d{1,10}) maximum context length/,
  /model maximum context length: (\d{1,10})/,
  /loaded with context length of only (\d{1,10})/,
  /`max_new_tokens` must be <= (\d{1,10})/,
];
const inputSentences = [
  /\b(\d{1,10}) in the messages/,
  /(?:resulted in|requested(?: about)?|request contains|request has) (\d{1,10}) (?:input )?tokens/,
  /prompt \(length (\d{1,10})\)/,
  /input token count \(?(\d{1,10})\)? exceeds/,
  /prompt contains (\d{1,10}) tokens/i,
  /prompt is too long: (\d{1,10})/i,
  /keep the first (\d{1,10}) tokens/,
  /Given: (\d{1,10}) `inputs` tokens/,
];

function contextLimits({ n_ctx, n_prompt_tokens }: ChatError, message: string): Record<string, string> | undefined {
  const limitTokens = countOf(n_ctx) ?? numberIn(message, limitSentences);
  if (limitTokens === undefined) return undefined;
  const inputTokens = countOf(n_prompt_tokens) ?? numberIn(message, inputSentences);
  return { limitTokens, ...(inputTokens === undefined ? {} : { inputTokens }) };
}

function numberIn(message: string, sentences: readonly RegExp[]): string | undefined {
  for (const sentence of sentences) {
    const found = sentence.exec(message)?.[1];
    if (found !== undefined) return found;
  }
  return undefined;
}

function countOf(value: unknown): string | undefined {
  return Number.isSafeInteger(value) ? String(value) : undefined;
}
