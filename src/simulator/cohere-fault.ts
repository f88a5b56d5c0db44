import type { CredentialDoubt, Fault, FaultDetail } from "./dialect.ts";

const wordings: Readonly<Record<number | string, string>> = {
  400: "invalid request: message must be at least 1 token long or tool results must be specified.",
  401: "invalid api token",
  402: "Please add or update your payment method at https://dashboard.cohere.com/billing?tab=payment to continue",
  403: "your api token does not have access to this resource",
  404: "model '{model}' not found, make sure the correct model ID was used and that you have access to the model.",
  413: "request body too large",
  429: "You are past the per minute request limit, please wait and try again later.",
  498: "invalid token",
  499: "request cancelled",
  500: "internal server error, this has been reported to our developers",
  503: "service unavailable, please try again later",
  504: "request timed out",
  "context-length":
    "too many tokens: size limit exceeded by 2042 tokens. Try using shorter or fewer inputs. The limit for this model is 128000 tokens.",
  quota:
    "You are using a Trial key, which is limited to 1000 API calls / month. You can continue to use the Trial key for free " +
    "or upgrade to a Production key with higher rate limits at 'https://dashboard.cohere.com/api-keys'.",
};

const doubts: Readonly<Partial<Record<CredentialDoubt, string>>> = {
  missing: "no api key supplied",
  expired:
    "Your API key has expired. Please create a production key at dashboard.cohere.com or reach out to your contact at Cohere to continue usage.",
};

/** A failure in Cohere's words; a status of which no words are known gets those of its class. */
export function cohereFault({ kind, doubt, model, requestId, message }: FaultDetail): Fault {
  const status = typeof kind === "number" ? kind : kind === "quota" ? 429 : 400;
  const usual =
    doubt === undefined
      ? (wordings[kind] ?? wordings[status < 500 ? 400 : 500] ?? "")
      : (doubts[doubt] ?? wordings[401] ?? "");
  const type = kind === "context-length" ? { error_type: "TOO_MANY_TOKENS" } : {};
  return { status, headers: {}, body: { ...type, id: requestId, message: message ?? usual.replace("{model}", model) } };
}
