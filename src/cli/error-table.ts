import { type Reason, reasons } from "../model/error.ts";
import { httpStatusOf } from "../surfaces/http-status.ts";
import { codeName } from "../telemetry/code-name.ts";
import { code, table } from "./markdown.ts";

/** Who has to do something about a failure. */
type Side = "caller" | "operator" | "provider" | "gateway" | "nobody";

/** By reason: at whose side the cause lies, and what to do. */
const advice: Readonly<Record<Reason, readonly [side: Side, todo: string]>> = {
  INVALID_REQUEST: ["caller", "mend the fields that the error names"],
  MODEL_REQUIRED: ["caller", "name a model; the operator can set `models.default`"],
  CONTEXT_LENGTH_EXCEEDED: ["caller", "shorten the input, ask for less output, or name a model with a larger window"],
  CAPABILITY_UNSUPPORTED: ["caller", "leave out what `capability` and `field` name, or name another model"],
  PAYLOAD_TOO_LARGE: ["caller", "send less; the operator can raise `server.limits.requestBytesMax`"],
  IDEMPOTENCY_KEY_REUSED: ["caller", "take a new key for another request"],
  IDEMPOTENCY_KEY_IN_USE: ["nobody", "wait as long as the error says, then repeat with the same key"],
  PAGE_TOKEN_INVALID: ["caller", "begin with the first page"],
  RESUME_TOKEN_INVALID: ["caller", "begin a new stream"],
  CACHE_MISS: ["nobody", "ask without `ONLY` or `only-if-cached`"],
  CREDENTIALS_MISSING: ["caller", "send an API key of the gateway"],
  API_KEY_INVALID: ["caller", "send a key that the gateway knows, and only one"],
  API_KEY_EXPIRED: ["operator", "make a new key, or move `expireTime`"],
  API_KEY_SUSPENDED: ["operator", "lift `suspended`"],
  IDENTITY_UNKNOWN: ["operator", "add `identity` to the `identities` of one key in `auth.keys`, or have a key sent"],
  PERMISSION_DENIED: ["operator", "allow the key what it asks for, or ask for something else"],
  RATE_LIMITED: ["caller", "wait as long as the error says; the operator can raise `limits`"],
  CONCURRENCY_LIMITED: ["caller", "have fewer calls at once; the operator can raise `limits`"],
  COST_LIMIT_EXCEEDED: ["caller", "raise `routing.max_cost`, or name a cheaper model"],
  DEADLINE_EXCEEDED: ["caller", "give more time, or ask for less output"],
  CANCELLED: ["caller", "nothing: the caller ended the call"],
  NOT_FOUND: ["caller", "ask for what there is"],
  MODEL_NOT_FOUND: ["caller", "name a model of `ListModels`; the operator can add an alias"],
  PROVIDER_CONTENT_FILTERED: ["caller", "change the input"],
  PROVIDER_UNAVAILABLE: ["provider", "wait as long as the error says; fallbacks hide it"],
  PROVIDER_OVERLOADED: ["provider", "wait as long as the error says; fallbacks hide it"],
  PROVIDER_TIMEOUT: ["provider", "repeat; the operator can raise `timeouts` for slow models"],
  PROVIDER_RATE_LIMITED: ["operator", "wait as long as the error says; more quota, more `credentials` or fallbacks"],
  PROVIDER_QUOTA_EXHAUSTED: ["operator", "top up the account at the provider"],
  PROVIDER_CREDENTIAL_INVALID: ["operator", "give the gateway a good key for the provider"],
  PROVIDER_INVALID_REQUEST: ["caller", "read the provider's message, change the request"],
  PROVIDER_MODEL_NOT_FOUND: ["operator", "enable the model at the provider, or take it out of the configuration"],
  PROVIDER_BAD_RESPONSE: ["provider", "repeat; if it stays so, look at `cause` in the log"],
  STREAM_INTERRUPTED: ["provider", "keep what came, or ask anew: that is a new answer, and costs again"],
  NO_HEALTHY_TARGET: ["provider", "wait as long as the error says; add targets"],
  GATEWAY_OVERLOADED: ["operator", "wait as long as the error says; more replicas"],
  GATEWAY_DRAINING: ["nobody", "repeat at once, on a new connection"],
  GATEWAY_DEPENDENCY_UNAVAILABLE: ["operator", "bring Redis back"],
  INTERNAL: ["gateway", "report it, with the call's id and its log line"],
  FEATURE_DISABLED: ["operator", "switch the feature on, or do without it"],
};

/** Every reason of an error as a table of Markdown; `meaningOf` says what one stands for, in a sentence. */
export function errorTable(meaningOf: (reason: Reason) => string): string {
  const rows = (Object.keys(reasons) as Reason[]).map((reason) => {
    const { code: status, retryMs } = reasons[reason];
    const [side, todo] = advice[reason];
    return [
      code(reason),
      code(codeName(status)),
      String(httpStatusOf(reason)),
      meaningOf(reason).replace(/\.$/, ""),
      side,
      retryMs === undefined ? "no" : retryMs === 0 ? "at once" : `after ${retryMs / 1000} s`,
      todo,
    ];
  });
  return table(["reason", "gRPC", "HTTP", "what it means", "whose side", "repeat", "what to do"], rows);
}
