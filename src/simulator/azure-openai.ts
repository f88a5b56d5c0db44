import { chatCompletions } from "./chat-completions.ts";
import { chatCompletionsFault } from "./chat-completions-fault.ts";
import { doubtBearer, doubtHeader } from "./credential.ts";
import {
  type Asking,
  BadRequest,
  type Dialect,
  type Exchange,
  type Fault,
  type FaultDetail,
  type Frame,
} from "./dialect.ts";
import { isObject } from "./json.ts";

const deploymentPath = /^.*\/openai\/deployments\/([^/]+)\/(chat\/completions|embeddings)$/;
const operations = { "chat/completions": "generate", embeddings: "embed" } as const;
const doubtKey = doubtHeader("api-key");
const safe = { filtered: false, severity: "safe" };
const filterResults = { hate: safe, self_harm: safe, sexual: safe, violence: safe };
const promptResults = [{ prompt_index: 0, content_filter_results: filterResults }];

/** Chat completions as Azure serves its deployments: they are named in the path, and a content filter has its say. */
export const azureOpenai: Dialect = {
  ...chatCompletions,
  name: "azure-openai",
  operation: (method, path) => {
    const called = deploymentPath.exec(path)?.[2];
    return method === "POST" && (called === "chat/completions" || called === "embeddings")
      ? operations[called]
      : undefined;
  },
  model: (_, path) => deploymentOf(path),
  doubt: (asking, secret) =>
    asking.header("api-key") === "" && asking.header("authorization") !== ""
      ? doubtBearer(asking, secret)
      : doubtKey(asking, secret),
  read: (body, asking) => {
    demandVersion(asking);
    return chatCompletions.read({ ...body, model: deploymentOf(asking.path) }, asking);
  },
  whole,
  frames,
  headers: (requestId) => ({
    "apim-request-id": requestId,
    "x-ms-region": "Sweden Central",
    "x-ratelimit-remaining-requests": "119",
    "x-ratelimit-remaining-tokens": "119984",
    "x-request-id": requestId,
  }),
  fault,
  faultFrame: (requestId) => `data: ${JSON.stringify(fault({ kind: 500, model: "", requestId }).body)}\n\n`,
};

function deploymentOf(path: string): string {
  return deploymentPath.exec(path)?.[1] ?? "";
}

function demandVersion({ query }: Asking): void {
  if (!new URLSearchParams(query).get("api-version"))
    throw new BadRequest("Missing required query parameter: api-version");
}

function whole(exchange: Exchange): unknown {
  const body = chatCompletions.whole(exchange);
  return isObject(body) ? { ...body, prompt_filter_results: promptResults } : body;
}

/** What the filter says of the prompt comes before everything else, in an event without a choice. */
function* frames(exchange: Exchange): Generator<Frame> {
  const first = { choices: [], created: 0, id: "", model: "", object: "", prompt_filter_results: promptResults };
  yield { text: `data: ${JSON.stringify(first)}\n\n`, tokens: 0 };
  yield* chatCompletions.frames(exchange);
}

const accessDenied =
  "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active " +
  "subscription and use a correct regional API endpoint for your resource.";
const noDeployment =
  "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please " +
  "wait a moment and try again.";
const errors: Readonly<Record<number | string, object>> = {
  401: { code: "401", message: accessDenied },
  404: { type: "invalid_request_error", code: "DeploymentNotFound", message: noDeployment },
  429: { code: "RateLimitReached", message: "Your requests have exceeded the rate limit of your deployment." },
};

/** Azure's own words where it has some, else those of OpenAI. */
function fault(detail: FaultDetail): Fault {
  const plain = chatCompletionsFault(detail);
  const error = detail.message === undefined ? errors[detail.kind] : undefined;
  return error === undefined ? plain : { ...plain, body: { error } };
}
