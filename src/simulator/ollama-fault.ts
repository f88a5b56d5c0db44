import type { Fault, FaultDetail } from "./dialect.ts";

const wordings: Readonly<Record<number | string, string>> = {
  400: "invalid request",
  401: "unauthorized",
  404: "model '{model}' not found",
  413: "http: request body too large",
  429: "too many concurrent requests",
  499: "request canceled",
  500: "llama runner process has terminated: exit status 2",
  503: "server busy, please try again.  maximum pending requests exceeded",
  "context-length": "the input length exceeds the context length",
  quota: "you've reached your weekly usage limit, please upgrade to continue",
};

/** A failure in Ollama's words, which are all that it sends. */
export function ollamaFault({ kind, model, message }: FaultDetail): Fault {
  const status = typeof kind === "number" ? kind : kind === "quota" ? 429 : 400;
  const usual = wordings[kind] ?? wordings[status < 500 ? 400 : 500] ?? "";
  return { status, headers: {}, body: { error: message ?? usual.replace("{model}", model) } };
}
