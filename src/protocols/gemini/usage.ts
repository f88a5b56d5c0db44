import { create, type JsonObject } from "@bufbuild/protobuf";
import { Modality } from "../../../gen/llmhub/v1/content_pb.ts";
import {
  type ModalityTokens,
  ModalityTokensSchema,
  type Usage,
  UsageSchema,
  UsageSource,
} from "../../../gen/llmhub/v1/usage_pb.ts";
import { numberOf, objectOf, textOf } from "../field.ts";

/** Modalities by their words and by their numbers, which are the same at both endpoints. */
const modalities: ReadonlyMap<unknown, Modality> = new Map<unknown, Modality>([
  ["TEXT", Modality.TEXT],
  ["IMAGE", Modality.IMAGE],
  ["VIDEO", Modality.VIDEO],
  ["AUDIO", Modality.AUDIO],
  ["DOCUMENT", Modality.DOCUMENT],
  [1, Modality.TEXT],
  [2, Modality.IMAGE],
  [3, Modality.VIDEO],
  [4, Modality.AUDIO],
  [5, Modality.DOCUMENT],
]);

/** What stands for the standard service. */
const standard: ReadonlySet<string> = new Set(["", "standard", "unspecified", "ON_DEMAND", "TRAFFIC_TYPE_UNSPECIFIED"]);
const trafficTypes = ["", "ON_DEMAND", "PROVISIONED_THROUGHPUT"];

/**
 * A usageMetadata object, or undefined where it counts nothing yet. Its candidates leave the thoughts out, and its prompt
 * the results of tools that the provider ran; ours take them in.
 */
export function usageOf(
  native: JsonObject | undefined,
  toolUses: Readonly<Record<string, number>> = {},
): Usage | undefined {
  const prompt = numberOf(native?.["promptTokenCount"]);
  if (native === undefined || prompt === undefined) return undefined;
  const cacheReadTokens = numberOf(native["cachedContentTokenCount"]);
  const reasoningTokens = numberOf(native["thoughtsTokenCount"]);
  return create(UsageSchema, {
    inputTokens: prompt + (numberOf(native["toolUsePromptTokenCount"]) ?? 0),
    outputTokens: outputTokensOf(native),
    ...(cacheReadTokens === undefined ? {} : { cacheReadTokens }),
    ...(reasoningTokens === undefined ? {} : { reasoningTokens }),
    byModality: byModality(native),
    toolUses: { ...toolUses },
    source: UsageSource.PROVIDER,
    native,
    serviceTier: tierOf(native),
  });
}

/** What the model wrote, thoughts included. */
export function outputTokensOf(native: JsonObject): number {
  return (numberOf(native["candidatesTokenCount"]) ?? 0) + (numberOf(native["thoughtsTokenCount"]) ?? 0);
}

function tierOf({ serviceTier, trafficType }: JsonObject): string {
  const traffic = typeof trafficType === "number" ? (trafficTypes[trafficType] ?? String(trafficType)) : trafficType;
  return [serviceTier, traffic].map(textOf).find((word) => !standard.has(word)) ?? "";
}

function byModality(native: JsonObject): ModalityTokens[] {
  const sums = new Map<Modality, ModalityTokens>();
  const add = (field: string, side: "inputTokens" | "outputTokens") => {
    const details = native[field];
    if (!Array.isArray(details)) return;
    for (const detail of details) {
      const { modality: word, tokenCount } = objectOf(detail) ?? {};
      const modality = modalities.get(word);
      const tokens = numberOf(tokenCount);
      if (modality === undefined || tokens === undefined) continue;
      const sum = sums.get(modality) ?? create(ModalityTokensSchema, { modality });
      sum[side] += tokens;
      sums.set(modality, sum);
    }
  };
  add("promptTokensDetails", "inputTokens");
  add("toolUsePromptTokensDetails", "inputTokens");
  add("candidatesTokensDetails", "outputTokens");
  return [...sums.values()];
}
