import { create, type JsonObject } from "@bufbuild/protobuf";
import { type Usage, UsageSchema, UsageSource } from "../../../gen/llmhub/v1/usage_pb.ts";
import { numberOf, objectOf } from "./field.ts";

/** Counters of server_tool_use and the tools they count. */
const toolCounters = { web_search_requests: "web_search", web_fetch_requests: "web_fetch" };

/** Totals that replace earlier ones field by field; null says nothing. */
export function laterUsage(earlier: JsonObject | undefined, later: JsonObject): JsonObject {
  const known = Object.entries(later).filter(([, value]) => value !== null);
  return { ...earlier, ...Object.fromEntries(known) };
}

/** A usage object. Its input_tokens leave the cache out; ours take it in. How cache writes split by lifetime is in `native`. */
export function usageOf(native: JsonObject): Usage {
  const cacheReadTokens = numberOf(native["cache_read_input_tokens"]);
  const cacheWriteTokens = numberOf(native["cache_creation_input_tokens"]);
  const reasoningTokens = numberOf(objectOf(native["output_tokens_details"])?.["thinking_tokens"]);
  return create(UsageSchema, {
    inputTokens: (numberOf(native["input_tokens"]) ?? 0) + (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0),
    outputTokens: numberOf(native["output_tokens"]) ?? 0,
    ...(cacheReadTokens === undefined ? {} : { cacheReadTokens }),
    ...(cacheWriteTokens === undefined ? {} : { cacheWriteTokens }),
    ...(reasoningTokens === undefined ? {} : { reasoningTokens }),
    toolUses: toolUsesOf(objectOf(native["server_tool_use"])),
    source: UsageSource.PROVIDER,
    native,
  });
}

function toolUsesOf(counts: JsonObject | undefined): Record<string, number> {
  const uses: Record<string, number> = {};
  for (const [counter, tool] of Object.entries(toolCounters)) {
    const count = numberOf(counts?.[counter]);
    if (count !== undefined && count > 0) uses[tool] = count;
  }
  return uses;
}
