import type { Fault, FaultDetail } from "./dialect.ts";

interface Wording {
  readonly message: string;
  readonly type: string;
  readonly code: string | number | null;
  readonly param?: string;
}

const invalid = "invalid_request_error";
const accounts = "https://platform.openai.com/account";

const wordings: Readonly<Record<number | string, Wording>> = {
  400: { message: "Invalid request.", type: invalid, code: null },
  401: {
    message: `Incorrect API key provided: sim-****. You can find your API key at ${accounts}/api-keys.`,
    type: invalid,
    code: "invalid_api_key",
  },
  403: {
    message: "Country, region, or territory not supported",
    type: "request_forbidden",
    code: "unsupported_country_region_territory",
  },
  404: {
    message: "The model `{model}` does not exist or you do not have access to it.",
    type: invalid,
    code: "model_not_found",
  },
  413: { message: "Request body is larger than 32 MiB.", type: invalid, code: null },
  429: {
    message:
      "Rate limit reached for {model} in organization org-simulator on tokens per min (TPM): Limit 30000, " +
      `Used 29987, Requested 412. Please try again in 798ms. Visit ${accounts}/rate-limits to learn more.`,
    type: "tokens",
    code: "rate_limit_exceeded",
  },
  500: {
    message: "The server had an error while processing your request. Sorry about that!",
    type: "server_error",
    code: null,
  },
  502: { message: "Bad gateway.", type: "cf_bad_gateway", code: 502 },
  503: {
    message: "The engine is currently overloaded, please try again later",
    type: "server_error",
    code: "service_unavailable",
  },
  504: { message: "Gateway timeout.", type: "cf_gateway_timeout", code: 504 },
  "context-length": {
    message:
      "This model's maximum context length is 128000 tokens. However, your messages resulted in 130042 tokens. " +
      "Please reduce the length of the messages.",
    type: invalid,
    code: "context_length_exceeded",
    param: "messages",
  },
  quota: {
    message:
      "You exceeded your current quota, please check your plan and billing details. For more information on this " +
      "error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
    type: "insufficient_quota",
    code: "insufficient_quota",
  },
};

/** A failure in OpenAI's words; a status of which no body is known gets the body of its class. */
export function chatCompletionsFault({ kind, model, message, param }: FaultDetail): Fault {
  const status = typeof kind === "number" ? kind : kind === "quota" ? 429 : 400;
  const wording = wordings[kind] ?? wordings[status < 500 ? 400 : 500];
  const error = {
    message: message ?? wording?.message.replace("{model}", model),
    type: wording?.type,
    param: param ?? wording?.param ?? null,
    code: message === undefined ? wording?.code : null,
  };
  return { status, headers: {}, body: { error } };
}
