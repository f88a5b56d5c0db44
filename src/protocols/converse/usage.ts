import { create, type JsonObject } from "@bufbuild/protobuf";
import { type Usage, UsageSchema, UsageSource } from "../../../gen/llmhub/v1/usage_pb.ts";
import { numberOf, objectOf, textOf } from "../field.ts";

/** The usage of an answer, which says beside it what served it. Its inputTokens leave the cache out; ours take it in. */
export function usageOf(native: JsonObject, answer: JsonObject): Usage {
  const cacheReadTokens = numberOf(native["cacheReadInputTokens"]);
  const cacheWriteTokens = numberOf(native["cacheWriteInputTokens"]);
  const cacheWrite1hTokens = hourOf(native["cacheDetails"]);
  return create(UsageSchema, {
    inputTokens: (numberOf(native["inputTokens"]) ?? 0) + (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0),
    outputTokens: numberOf(native["outputTokens"]) ?? 0,
    ...(cacheReadTokens === undefined ? {} : { cacheReadTokens }),
    ...(cacheWriteTokens === undefined ? {} : { cacheWriteTokens }),
    ...(cacheWrite1hTokens === undefined ? {} : { cacheWrite1hTokens }),
    source: UsageSource.PROVIDER,
    native,
    serviceTier: tierOf(answer),
  });
}

/** Tokens that were written for an hour, where the writing is split by time. */
function hourOf(details: unknown): number | undefined {
  if (!Array.isArray(details)) return undefined;
  const hour = details.map(objectOf).find((detail) => detail?.["ttl"] === "1h");
  return numberOf(hour?.["inputTokens"]);
}

/** Tier or latency other than the standard one: both change the price. */
function tierOf({ serviceTier, performanceConfig }: JsonObject): string {
  const tier = textOf(objectOf(serviceTier)?.["type"]);
  if (tier !== "" && tier !== "default") return tier;
  const latency = textOf(objectOf(performanceConfig)?.["latency"]);
  return latency === "standard" ? "" : latency;
}
