import type { Fault, FaultDetail } from "./dialect.ts";

const invalid = "invalid_request_error";

const wordings: Readonly<Record<number | string, readonly [type: string, message: string]>> = {
  400: [invalid, "messages: Input should be a valid list"],
  401: ["authentication_error", "invalid x-api-key"],
  402: ["billing_error", "There is an issue with your billing or payment information."],
  403: ["permission_error", "Your API key does not have permission to use the specified resource."],
  404: ["not_found_error", "model: {model}"],
  413: ["request_too_large", "Request exceeds the maximum size"],
  429: [
    "rate_limit_error",
    "This request would exceed your organization's rate limit of 30,000 input tokens per minute. Please reduce the " +
      "prompt length or the maximum tokens requested, or try again later.",
  ],
  500: ["api_error", "Internal server error"],
  504: ["timeout_error", "Request timed out"],
  529: ["overloaded_error", "Overloaded"],
  "context-length": [invalid, "prompt is too long: 203341 tokens > 200000 maximum"],
  quota: [
    invalid,
    "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.",
  ],
};

const retriable: ReadonlySet<number> = new Set([408, 409, 429]);

/** A failure in Anthropic's words; a status of which no body is known gets the type of its class. */
export function messagesFault({ kind, model, message, requestId }: FaultDetail): Fault {
  const status = typeof kind === "number" ? kind : 400;
  const fallback: readonly [string, string] =
    status < 500 ? [invalid, "Invalid request"] : ["api_error", "Internal server error"];
  const [type, usual] = wordings[kind] ?? fallback;
  const error = { type, message: message ?? usual.replace("{model}", model) };
  const shouldRetry = status >= 500 || retriable.has(status);
  return {
    status,
    headers: { "x-should-retry": String(shouldRetry) },
    body: { type: "error", error, request_id: requestId },
  };
}
