import type { Header, Parameter } from "./open-api.ts";

const text = { type: "string" } as const;

/** What the description says before it comes to the routes. */
export const about = `The HTTP API of the gateway: clients of OpenAI and of Anthropic reach every provider by their base \
address alone, and the hub's own API says what theirs cannot.

Send an API key of the gateway as "authorization: Bearer lh_..." or as "x-api-key: lh_..."; two different ones are \
refused. A gateway with auth.mode off asks for none, and probes and this description never do.

Bodies are JSON in UTF-8 with content-type application/json. A name that stands twice in one object is refused.

An error has the form of the API that was called. Its reason is a word of the gateway, the same in every form; where a \
repeat may help, retry-after says after how many seconds. Anthropic's clients know an overload by the status 529.`;

/** How callers show who they are. */
export const securitySchemes = {
  bearer: { type: "http", scheme: "bearer", description: "An API key of the gateway." },
  apiKey: {
    type: "apiKey",
    in: "header",
    name: "x-api-key",
    description: "The same key, as Anthropic's clients send it.",
  },
} as const;

/** Headers that every call may have. */
export const commonHeaders = {
  requestId: {
    name: "x-request-id",
    in: "header",
    description: "The caller's id of the call, up to 128 letters, digits and ._-; else the gateway makes one.",
    required: false,
    schema: { type: "string", pattern: "^[A-Za-z0-9._-]{1,128}$" },
  },
  timeout: {
    name: "x-llmhub-timeout-ms",
    in: "header",
    description: "How long the call may take, in milliseconds.",
    required: false,
    schema: { type: "integer", minimum: 1 },
  },
} as const satisfies Readonly<Record<string, Parameter>>;

/** Headers that calls may have which go to a provider. */
export const callHeaders = {
  idempotencyKey: {
    name: "idempotency-key",
    in: "header",
    description:
      "A call with a key is carried out once: a repeat with the same key and request gets the first answer. Best a UUID.",
    required: false,
    schema: { type: "string", pattern: "^[\\x21-\\x7e]{1,255}$" },
  },
} as const satisfies Readonly<Record<string, Parameter>>;

/** Headers that every answer has. */
export const answerHeaders = {
  "x-request-id": { description: "The id of the call, as in the gateway's log.", schema: text },
} as const satisfies Readonly<Record<string, Header>>;

/** Headers where a limit of requests or tokens applies. */
export const limitHeaders: Readonly<Record<string, Header>> = Object.fromEntries(
  ["requests", "tokens"].flatMap((metric) => [
    [`x-ratelimit-limit-${metric}`, { description: `The limit of ${metric} that is nearest.`, schema: text }],
    [`x-ratelimit-remaining-${metric}`, { description: `What is left of it.`, schema: text }],
    [`x-ratelimit-reset-${metric}`, { description: "How long until it is whole again: 1m30s.", schema: text }],
  ]),
);

/** Headers by which errors say whether a repeat may help. */
export const errorHeaders = {
  "retry-after": { description: "Seconds after which a repeat may help.", schema: { type: "integer" } },
  "x-should-retry": { description: "false: no repeat helps.", schema: { type: "string", enum: ["false"] } },
} as const satisfies Readonly<Record<string, Header>>;

/** Headers of answers that calls of a provider brought. */
export const callAnswerHeaders = {
  "x-llmhub-idempotent-replay": {
    description: "true: it is the answer of an earlier call with the same idempotency-key.",
    schema: text,
  },
} as const satisfies Readonly<Record<string, Header>>;

/** What `toldFacts` says of an answer; of a stream what is known when it begins. */
export const factHeaders = {
  "x-llmhub-id": { description: "The gateway's id of the answer.", schema: text },
  "x-llmhub-provider": { description: "Who answered.", schema: text },
  "x-llmhub-model": { description: "The model that answered.", schema: text },
  "x-llmhub-attempts": { description: "How many calls of providers it took.", schema: { type: "integer" } },
  "x-llmhub-cache": {
    description: "What the gateway's cache had to do with it.",
    schema: { type: "string", enum: ["miss", "hit", "bypass"] },
  },
  "x-llmhub-input-tokens": { description: "Tokens of the input; not of a stream.", schema: { type: "integer" } },
  "x-llmhub-output-tokens": { description: "Tokens of the answer; not of a stream.", schema: { type: "integer" } },
  "x-llmhub-cost-nanos": {
    description: "The cost in billionths of a dollar; not of a stream.",
    schema: { type: "integer" },
  },
  "x-llmhub-warnings": {
    description: "What was ignored or changed: codes and paths of fields, with commas between them.",
    schema: { type: "string" },
  },
} as const satisfies Readonly<Record<string, Header>>;
