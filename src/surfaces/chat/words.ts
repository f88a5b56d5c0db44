import { BadRequestSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import type { GatewayError, Reason } from "../../model/error.ts";
import { family } from "../../protocols/chat-completions/wire.ts";
import { httpStatusOf } from "../http-status.ts";
import type { Words } from "../route.ts";

const invalid = "invalid_request_error";

/** `error.type` and `error.code` of OpenAI's API, where they are not those of the status. */
const kinds: Partial<Record<Reason, readonly [type: string, code: string | null]>> = {
  INVALID_REQUEST: [invalid, "invalid_value"],
  CONTEXT_LENGTH_EXCEEDED: [invalid, "context_length_exceeded"],
  CAPABILITY_UNSUPPORTED: [invalid, "unsupported_value"],
  CREDENTIALS_MISSING: [invalid, "missing_api_key"],
  API_KEY_INVALID: [invalid, "invalid_api_key"],
  API_KEY_EXPIRED: [invalid, "expired_api_key"],
  API_KEY_SUSPENDED: ["permission_error", null],
  IDENTITY_UNKNOWN: [invalid, "invalid_api_key"],
  PERMISSION_DENIED: ["permission_error", "model_not_allowed"],
  RATE_LIMITED: ["requests", "rate_limit_exceeded"],
  CONCURRENCY_LIMITED: ["requests", "rate_limit_exceeded"],
  PROVIDER_RATE_LIMITED: ["requests", "rate_limit_exceeded"],
  MODEL_NOT_FOUND: [invalid, "model_not_found"],
  PROVIDER_CONTENT_FILTERED: [invalid, "content_filter"],
  PROVIDER_OVERLOADED: ["server_error", "overloaded"],
  GATEWAY_OVERLOADED: ["server_error", "overloaded"],
  PROVIDER_TIMEOUT: ["server_error", "timeout"],
  DEADLINE_EXCEEDED: ["server_error", "timeout"],
};

/** Names of the hub's fields that an API calls otherwise. */
export type ParamNames = readonly (readonly [RegExp, string])[];

const params: ParamNames = [
  [/^max_output_tokens\b/, "max_completion_tokens"],
  [/^stop_sequences\b/, "stop"],
  [/^end_user_id\b/, "user"],
  [/^reasoning\.effort\b/, "reasoning_effort"],
  [/^labels\b/, "metadata"],
  [/^inputs\b/, "input"],
  [/^(routing|cache|lossless|provider_options|view)\b/, "llmhub.$1"],
];

/** Errors in the form of OpenAI's API. The reason of the hub stands beside them. */
export const chatWords: Words = {
  dialect: family,
  failure: (error) => ({ status: httpStatusOf(error.reason), body: { error: told(error, params) } }),
  broken: (error) => `data: ${JSON.stringify({ error: told(error, params) })}\n\n`,
};

/** A failure as OpenAI's APIs describe it. */
export interface Told {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;
  /** The hub's word for it. */
  readonly reason: Reason;
}

/** Tells of a failure; `names`: what the API calls fields of the hub. */
export function told(error: GatewayError, names: ParamNames): Told {
  const { reason, rawMessage: message, info } = error;
  const status = httpStatusOf(reason);
  const [type, code] = kinds[reason] ?? [status < 500 ? invalid : "server_error", null];
  const isTokens = reason === "RATE_LIMITED" && info["metric"] === "tokens";
  return { message, type: isTokens ? "tokens" : type, param: paramOf(error, names), code, reason };
}

function paramOf({ details, reason }: GatewayError, names: ParamNames): string | null {
  if (reason === "MODEL_NOT_FOUND" || reason === "MODEL_REQUIRED") return "model";
  for (const detail of details) {
    if (!("desc" in detail) || detail.desc !== BadRequestSchema) continue;
    const { fieldViolations } = detail.value as { fieldViolations?: readonly { field?: string }[] };
    const field = fieldViolations?.[0]?.field ?? "";
    if (field !== "") return named(field, names);
  }
  return null;
}

function named(field: string, names: ParamNames): string {
  const found = names.find(([pattern]) => pattern.test(field));
  return found === undefined ? field : field.replace(found[0], found[1]);
}
