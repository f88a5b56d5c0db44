import type { Attempt } from "../../model/call.ts";
import type { GatewayError, Reason } from "../../model/error.ts";
import type { Failure, Headers } from "../../model/protocol.ts";
import { type FaultReading, reasonOf, statusFault } from "../status-fault.ts";
import { type ChatError, isObject } from "./wire.ts";

/** Codes and types that say more than the HTTP status, of OpenAI and, in CamelCase, of Azure. */
const reasonOfCode: ReadonlyMap<string, Reason> = new Map<string, Reason>([
  ["context_length_exceeded", "CONTEXT_LENGTH_EXCEEDED"],
  ["insufficient_quota", "PROVIDER_QUOTA_EXHAUSTED"],
  ["billing_hard_limit_reached", "PROVIDER_QUOTA_EXHAUSTED"],
  ["billing_not_active", "PROVIDER_QUOTA_EXHAUSTED"],
  ["enforced_spend_limit_reached", "PROVIDER_QUOTA_EXHAUSTED"],
  ["content_filter", "PROVIDER_CONTENT_FILTERED"],
  ["content_policy_violation", "PROVIDER_CONTENT_FILTERED"],
  ["invalid_api_key", "PROVIDER_CREDENTIAL_INVALID"],
  ["overloaded_error", "PROVIDER_OVERLOADED"],
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

const modelCodes: ReadonlySet<string> = new Set(["model_not_found", "DeploymentNotFound"]);

/** The error behind a response that is no answer. */
export function faultOf(failure: Failure): GatewayError {
  const error = errorIn(parsed(failure.body));
  return statusFault(failure, readingOf(error, failure, failure.status));
}

/** The error that a body or an event holds although the HTTP status was 200. */
export function faultInAnswer(attempt: Attempt, error: unknown): GatewayError {
  const { provider, model } = attempt.target;
  const failure = {
    provider: provider.id,
    model,
    modelDeclared: provider.models.has(model),
    status: 200,
    headers: {},
    body: "",
  };
  const said = typeof error === "string" ? { message: error } : isObject<ChatError>(error) ? error : {};
  return statusFault(failure, readingOf(said, failure, statusIn(said)));
}

function readingOf(error: ChatError, { headers, modelDeclared }: Failure, status: number): FaultReading {
  const code = codeOf(error);
  const limits = contextLimits(error);
  const reason = modelCodes.has(code)
    ? reasonOf(404, modelDeclared)
    : (reasonOfCode.get(code) ?? reasonOfCode.get(word(error.type)) ?? (limits && "CONTEXT_LENGTH_EXCEEDED"));
  return {
    code,
    reason: reason ?? reasonOf(status, modelDeclared),
    requestId: requestIdOf(headers),
    ...(limits === undefined ? {} : { metadata: limits }),
  };
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

function codeOf({ code, type }: ChatError): string {
  return typeof code === "number" ? String(code) : word(code) || word(type);
}

/** An identifier. Anything else, which might be a sentence, is left out. */
function word(value: unknown): string {
  return typeof value === "string" && /^[\w.:-]{1,64}$/.test(value) ? value : "";
}

/** Characters of a provider's message that are looked at; its length is the provider's. */
const messageCharsMax = 2048;

/** Numbers out of the sentence that OpenAI and those who follow it write; some of them give no code of their own. */
function contextLimits({ message }: ChatError): Record<string, string> | undefined {
  const text = typeof message === "string" ? message.slice(0, messageCharsMax) : "";
  const limitTokens = /maximum context length is (\d{1,10}) tokens/.exec(text)?.[1];
  if (limitTokens === undefined) return undefined;
  const input = /\b(\d{1,10}) in the messages/.exec(text) ?? /(?:resulted in|requested) (\d{1,10}) tokens/.exec(text);
  return { limitTokens, ...(input?.[1] === undefined ? {} : { inputTokens: input[1] }) };
}

function requestIdOf(headers: Headers): string {
  const id = headers["x-request-id"];
  return typeof id === "string" ? id.slice(0, 128) : "";
}
