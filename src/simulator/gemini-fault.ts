import type { CredentialDoubt, Fault, FaultDetail } from "./dialect.ts";

/** An error in the words of google.rpc: its code as an HTTP status, and what is wrong. */
interface Wording {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly reason?: string;
  readonly quota?: string;
}

const service = "generativelanguage.googleapis.com";
const limits = "https://ai.google.dev/gemini-api/docs/rate-limits";
const exceeded =
  "You exceeded your current quota, please check your plan and billing details. For more information on this error, " +
  `head to: ${limits}.`;

const wordings: Readonly<Record<number | string, Wording>> = {
  400: { status: 400, code: "INVALID_ARGUMENT", message: "Request contains an invalid argument." },
  401: {
    status: 401,
    code: "UNAUTHENTICATED",
    message: "Request had invalid authentication credentials. Expected OAuth 2 access token or other valid credential.",
  },
  403: { status: 403, code: "PERMISSION_DENIED", message: "The caller does not have permission" },
  404: {
    status: 404,
    code: "NOT_FOUND",
    message:
      "models/{model} is not found for API version v1beta, or is not supported for generateContent. Call ListModels " +
      "to see the list of available models and their supported methods.",
  },
  413: { status: 413, code: "INVALID_ARGUMENT", message: "Request payload size exceeds the limit: 33554432 bytes." },
  429: {
    status: 429,
    code: "RESOURCE_EXHAUSTED",
    message: `${exceeded}\n* Quota exceeded for metric: ${service}/generate_content_paid_tier_input_token_count, limit: 1000000`,
    quota: "GenerateContentPaidTierInputTokensPerModelPerMinute",
  },
  500: { status: 500, code: "INTERNAL", message: "An internal error has occurred. Please retry." },
  503: { status: 503, code: "UNAVAILABLE", message: "The model is overloaded. Please try again later." },
  504: { status: 504, code: "DEADLINE_EXCEEDED", message: "Deadline expired before operation could complete." },
  "context-length": {
    status: 400,
    code: "INVALID_ARGUMENT",
    message: "The input token count (1203341) exceeds the maximum number of tokens allowed (1048576).",
  },
  quota: {
    status: 429,
    code: "RESOURCE_EXHAUSTED",
    message: `${exceeded}\n* Quota exceeded for metric: ${service}/generate_content_free_tier_requests, limit: 250`,
    quota: "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
  },
};

/** A key that is wrong or missing has another status each. */
const doubts: Readonly<Partial<Record<CredentialDoubt, Wording>>> = {
  missing: {
    status: 403,
    code: "PERMISSION_DENIED",
    message:
      "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other " +
      "form of API consumer identity to call this API.",
  },
  wrong: {
    status: 400,
    code: "INVALID_ARGUMENT",
    message: "API key not valid. Please pass a valid API key.",
    reason: "API_KEY_INVALID",
  },
  expired: {
    status: 400,
    code: "INVALID_ARGUMENT",
    message: "API key expired. Please renew the API key.",
    reason: "API_KEY_INVALID",
  },
};

/** A failure in Google's words; a status of which no body is known gets the body of its class. */
export function geminiFault({ kind, doubt, model, message }: FaultDetail): Fault {
  const asked = typeof kind === "number" ? kind : 400;
  const usual = (doubt && doubts[doubt]) ?? wordings[kind] ?? wordings[asked < 500 ? 400 : 500];
  const status = doubt === undefined && typeof kind === "number" ? kind : (usual?.status ?? asked);
  const details = [
    ...(usual?.reason === undefined ? [] : [info(usual.reason)]),
    ...(usual?.quota === undefined ? [] : [quotaFailure(usual.quota)]),
  ];
  const error = {
    code: status,
    message: message ?? usual?.message.replace("{model}", model),
    status: usual?.code,
    ...(details.length === 0 ? {} : { details }),
  };
  return { status, headers: {}, body: { error } };
}

function info(reason: string) {
  return {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    reason,
    domain: "googleapis.com",
    metadata: { service },
  };
}

function quotaFailure(quotaId: string) {
  return { "@type": "type.googleapis.com/google.rpc.QuotaFailure", violations: [{ quotaId }] };
}
