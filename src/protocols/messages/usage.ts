import { create, type JsonObject } from "@bufbuild/protobuf";
import { type Usage, UsageSchema, UsageSource } from "../../../gen/llmhub/v1/usage_pb.ts";
import { numberOf, objectOf, textOf } from "../field.ts";

/** Counters of server_tool_use and the tools they count. */
const toolCounters = { web_search_requests: "web_search", web_fetch_requests: "web_fetch" };

/** Totals that replace earlier ones field by field; null says nothing. */
export function laterUsage(earlier: JsonObject | undefined, later: JsonObject): JsonObject {
  const known = Object.entries(later).filter(([, value]) => value !== null);
  return { ...earlier, ...Object.fromEntries(known) };
}

/** What stands for the standard service in the fields that tell how a call was served. */
const standard: ReadonlySet<string> = new Set(["", "standard", "global", "not_available"]);

/** A usage object. Its input_tokens leave the cache out; ours take it in. */
export function usageOf(native: JsonObject): Usage {
  const cacheReadTokens = numberOf(native["cache_read_input_tokens"]);
  const cacheWriteTokens = numberOf(native["cache_creation_input_tokens"]);
  const reasoningTokens = numberOf(objectOf(native["output_tokens_details"])?.["thinking_tokens"]);
  const cacheWrite1hTokens = numberOf(objectOf(native["cache_creation"])?.["ephemeral_1h_input_tokens"]);
  return create(UsageSchema, {
    inputTokens: (numberOf(native["input_tokens"]) ?? 0) + (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0),
    outputTokens: numberOf(native["output_tokens"]) ?? 0,
    ...(cacheReadTokens === undefined ? {} : { cacheReadTokens }),
    ...(cacheWriteTokens === undefined ? {} : { cacheWriteTokens }),
    ...(cacheWrite1hTokens === undefined ? {} : { cacheWrite1hTokens }),
    ...(reasoningTokens === undefined ? {} : { reasoningTokens }),
    toolUses: toolUsesOf(objectOf(native["server_tool_use"])),
    source: UsageSource.PROVIDER,
    native,
    serviceTier: tierOf(native),
  });
}

/** Tier, speed or place other than the standard one: all of them change the price. */
function tierOf(native: JsonObject): string {
  const words = [native["service_tier"], native["speed"], native["inference_geo"]].map(textOf);
  return words.find((word) => !standard.has(word)) ?? "";
}

function toolUsesOf(counts: JsonObject | undefined): Record<string, number> {
  const uses: Record<string, number> = {};
  for (const [counter, tool] of Object.entries(toolCounters)) {
    const count = numberOf(counts?.[counter]);
    if (count !== undefined && count > 0) uses[tool] = count;
  }
  return uses;
}
