import * as v from "valibot";
import { baseUrl, duration, integer, pattern, price, region, tags, text } from "./scalar.ts";
import { section } from "./section.ts";

const int32Max = 2_147_483_647;
/** Of one provider. */
const credentialsMax = 32;
/** Headers that the gateway sets itself, that change how the request is framed, or that undici refuses with every call. */
const headersReserved =
  /^(?:connection|content-length|content-type|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade)$/i;

/** What each time limit of a provider bounds. */
export const timeoutTexts = {
  connect: "Time for a connection to open.",
  firstOutput: "From sending a request to its first content. Models that reason in silence take minutes.",
  idle: "Longest silence between contents.",
  total: "From sending a request to its end.",
};

const providerTimeouts = section("Time limits of calls to this provider, in place of the general ones.", {
  connect: v.optional(duration(timeoutTexts.connect)),
  firstOutput: v.optional(duration(timeoutTexts.firstOutput)),
  idle: v.optional(duration(timeoutTexts.idle)),
  total: v.optional(duration(timeoutTexts.total)),
});

const prices = section("Prices in US dollars for a million tokens, or for a million uses.", {
  input: v.optional(price("Input tokens.")),
  output: v.optional(price("Output tokens.")),
  cacheRead: v.optional(price("Input tokens read from the provider's prompt cache.")),
  cacheWrite: v.optional(price("Input tokens written to the provider's prompt cache.")),
  cacheWrite1h: v.optional(price("The same, kept for an hour.")),
  inputAudio: v.optional(price("Input tokens of sound. Absent: as input.")),
  outputAudio: v.optional(price("Output tokens of sound. Absent: as output.")),
  searchUnit: v.optional(price("Units of reranking: one search over up to 100 documents.")),
  webSearch: v.optional(price("Searches of the web that the provider makes.")),
});

const model = section("Facts of a model, in place of the built-in ones.", {
  baseModel: v.optional(text('Built-in model whose facts hold: of a deployment "chat", perhaps "gpt-5".')),
  type: v.optional(
    v.pipe(
      v.picklist(["completion", "embedding", "rerank"]),
      v.description("The calls that it is made for; others are refused. Absent: as built in, else any."),
    ),
  ),
  contextWindow: v.optional(integer(1, int32Max, "Context window, in tokens; for embedding and rerank of one text.")),
  maxOutputTokens: v.optional(integer(1, int32Max, "Most output tokens.")),
  dimensions: v.optional(integer(1, int32Max, "Length of the vectors of an embedding model.")),
  features: v.optional(v.pipe(v.array(text("A feature.")), v.description('Such as "tools" or "json_schema".'))),
  tags: v.optional(tags("Words of your own for filters of policies, beside those of the provider.")),
  prices: v.optional(prices),
});

/** Name of a header of requests that the operator may set. */
export const headerName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z][A-Za-z0-9_-]{0,127}$/, "must be a header name: letters, digits, - and _"),
  v.check((name) => !headersReserved.test(name), "is a header that the gateway sets itself; remove it"),
);

const settingName = pattern(
  /^[a-z][A-Za-z0-9]{0,62}$/,
  "must be the name of a setting: a lower-case letter, then letters and digits",
  "Name of the setting.",
);

const modelName = v.pipe(
  v.string(),
  v.nonEmpty("must not be empty"),
  v.maxLength(256, "must not exceed 256 characters"),
);

const settingsOf = (description: string) =>
  v.nullish(v.pipe(v.record(settingName, v.string()), v.description(description)), {});

const credential = section("One of several credentials of a provider.", {
  name: pattern(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    "must begin with a letter or digit, then letters, digits, dots, - or _, at most 63 in all",
    "Name in metrics, logs and records of attempts.",
  ),
  apiKey: v.optional(text('As "apiKey" of a provider.')),
  settings: settingsOf("Settings of its own, beside those of the provider, such as profile."),
});

const credentials = v.pipe(
  v.array(credential),
  v.minLength(1, "needs at least one entry"),
  v.maxLength(credentialsMax, `must not have more than ${credentialsMax} entries`),
  v.description("Several credentials of one account or of several, in place of apiKey. Calls take them in turn."),
);

const provider = section("A provider to call.", {
  kind: v.optional(text("What sort of provider it is. Absent: the name of the entry.")),
  apiKey: v.optional(text(`Credential, such as "\${OPENAI_API_KEY}" or "file:/run/secrets/openai".`)),
  credentials: v.optional(credentials),
  baseUrl: v.optional(baseUrl("Address of its API. Absent: the kind's own.")),
  headers: v.nullish(
    v.pipe(
      v.record(headerName, v.string()),
      v.description(`Sent with every request. Values may be "\${NAME}" or "file:/path".`),
    ),
    {},
  ),
  settings: settingsOf(
    `What the kind wants to know besides, such as region. Values may be "\${NAME}" or "file:/path".`,
  ),
  region: v.optional(region('Where it answers, such as "eu". Absent: as settings say it with bedrock and vertex.')),
  tags: v.nullish(tags("Words of your own for filters of policies, which all its models have."), []),
  traceContext: v.optional(
    v.pipe(
      v.boolean(),
      v.description(
        "Send traceparent, tracestate and baggage with calls, so that its spans join the trace of the caller.",
      ),
    ),
    false,
  ),
  connectionsMax: v.optional(
    integer(
      1,
      100_000,
      "Most connections to it, or processes of it, at once, with each credential. Absent: 256, or what the kind says.",
    ),
  ),
  timeouts: v.nullish(providerTimeouts, {}),
  discover: v.optional(
    v.pipe(
      v.boolean(),
      v.description("Show the models that it lists itself. Absent: if no models of its kind are built in."),
    ),
  ),
  models: v.nullish(
    v.pipe(v.record(modelName, v.nullish(model, {})), v.description("What is known of its models, by name.")),
    {},
  ),
});

/** How providers are called. */
export const providerName = pattern(
  /^[a-z][a-z0-9_-]{0,62}$/,
  "must be a provider name: a lower-case letter, then lower-case letters, digits, - or _, at most 63 in all",
  "Name of the provider in model selectors.",
);

/** Providers to call, by name. */
export const providers = v.pipe(
  v.record(providerName, v.nullish(provider, {})),
  v.description("Providers to call, by name."),
);
