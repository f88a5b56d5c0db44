import type { CompleteResponse, Warning } from "../../gen/llmhub/v1/completion_pb.ts";
import { CacheStatus, type RoutingInfo } from "../../gen/llmhub/v1/routing_pb.ts";
import type { Cost, Usage } from "../../gen/llmhub/v1/usage_pb.ts";

/** Bytes of a header that tells of warnings: proxies refuse heads that are too large. */
const warningCharsMax = 1024;

const cacheWords: ReadonlyMap<CacheStatus, string> = new Map([
  [CacheStatus.MISS, "miss"],
  [CacheStatus.HIT, "hit"],
  [CacheStatus.BYPASS, "bypass"],
]);

/** What of an answer headers tell. */
type Facts = Pick<CompleteResponse, "warnings"> & {
  readonly id?: string;
  readonly routing?: RoutingInfo | undefined;
  readonly usage?: Usage | undefined;
  readonly cost?: Cost | undefined;
};

/**
 * What an answer says that the body of another's API has no field for: who answered, after how many provider calls, from
 * the cache or not, tokens, cost, and what was ignored or changed.
 */
export function toldFacts({ id, routing, usage, cost, warnings }: Facts): Record<string, string> {
  const headers: Record<string, string> = id === undefined ? {} : { "x-llmhub-id": id };
  if (routing !== undefined) {
    headers["x-llmhub-provider"] = routing.provider;
    headers["x-llmhub-model"] = routing.model;
    headers["x-llmhub-attempts"] = String(routing.attemptCount);
    const cache = cacheWords.get(routing.cacheStatus);
    if (cache !== undefined) headers["x-llmhub-cache"] = cache;
  }
  if (usage !== undefined) {
    headers["x-llmhub-input-tokens"] = String(usage.inputTokens);
    headers["x-llmhub-output-tokens"] = String(usage.outputTokens);
  }
  if (cost?.total !== undefined) headers["x-llmhub-cost-nanos"] = String(cost.total.amountNanos);
  if (warnings.length > 0) headers["x-llmhub-warnings"] = warningText(warnings);
  return headers;
}

/** "SETTING_IGNORED top_k, PART_DROPPED messages[0].content[1]": printable ASCII, at most 1 KiB. */
function warningText(warnings: readonly Warning[]): string {
  const told = new Set(warnings.map(({ code, field }) => (field === "" ? code : `${code} ${field}`)));
  return [...told]
    .join(", ")
    .replace(/[^\x20-\x7e]/g, "?")
    .slice(0, warningCharsMax);
}
