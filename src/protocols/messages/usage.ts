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

/** Counts of one pass of a model over its input. */
const counters = {
  input: ["input_tokens"],
  output: ["output_tokens"],
  cacheRead: ["cache_read_input_tokens"],
  cacheWrite: ["cache_creation_input_tokens"],
  cacheWrite1h: ["cache_creation", "ephemeral_1h_input_tokens"],
  reasoning: ["output_tokens_details", "thinking_tokens"],
} as const;

/**
 * A usage object. Its input_tokens leave the cache out; ours take it in. Its totals leave out what the model read and wrote
 * to compact the conversation, which is charged, too; ours take it in.
 */
export function usageOf(native: JsonObject): Usage {
  const passes = [native, ...passesOf(native).filter(({ type }) => type === "compaction")];
  const count = (counter: keyof typeof counters) => sumOf(passes, counters[counter]);
  const cacheReadTokens = count("cacheRead");
  const cacheWriteTokens = count("cacheWrite");
  const reasoningTokens = count("reasoning");
  const cacheWrite1hTokens = count("cacheWrite1h");
  return create(UsageSchema, {
    inputTokens: (count("input") ?? 0) + (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0),
    outputTokens: count("output") ?? 0,
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

/** What models did for the answer one by one, as far as it is told. */
function passesOf({ iterations }: JsonObject): JsonObject[] {
  return Array.isArray(iterations) ? iterations.map(objectOf).filter((pass) => pass !== undefined) : [];
}

/** Undefined where no pass has the count. */
function sumOf(passes: readonly JsonObject[], path: readonly string[]): number | undefined {
  const counts = passes.flatMap((pass) => {
    const value = path.reduce<unknown>((found, field) => objectOf(found)?.[field], pass);
    return numberOf(value) ?? [];
  });
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0);
}

/** Tier, speed or place other than the standard one, or the help of another model: all of them change the price. */
function tierOf(native: JsonObject): string {
  const words = [native["service_tier"], native["speed"], native["inference_geo"]].map(textOf);
  const helpers = passesOf(native).map(({ type }) => textOf(type));
  return words.find((word) => !standard.has(word)) ?? helpers.find((type) => !ownPasses.has(type)) ?? "";
}

/** Passes of the model that was asked. Others, such as an advisor's, have a price of their own and are not counted. */
const ownPasses: ReadonlySet<string> = new Set(["", "message", "compaction"]);

function toolUsesOf(counts: JsonObject | undefined): Record<string, number> {
  const uses: Record<string, number> = {};
  for (const [counter, tool] of Object.entries(toolCounters)) {
    const count = numberOf(counts?.[counter]);
    if (count !== undefined && count > 0) uses[tool] = count;
  }
  return uses;
}
