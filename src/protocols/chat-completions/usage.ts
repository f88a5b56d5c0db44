import { create, type JsonObject } from "@bufbuild/protobuf";
import { Modality } from "../../../gen/llmhub/v1/content_pb.ts";
import { ModalityTokensSchema, type Usage, UsageSource } from "../../../gen/llmhub/v1/usage_pb.ts";
import { pricedTier } from "../service-tier.ts";
import { type ChatUsage, isObject } from "./wire.ts";

type Counts = Readonly<Record<string, unknown>>;
const none: Counts = {};

/**
 * The provider's count, or undefined when it gives none. Details it leaves out stay unset; values are taken as they are,
 * only types are checked. `native` asks for the provider's own record beside it.
 */
export function readUsage(value: unknown, native: boolean): Usage | undefined {
  if (!isObject<ChatUsage & JsonObject>(value)) return undefined;
  const { prompt_tokens, completion_tokens } = value;
  if (typeof prompt_tokens !== "number" && typeof completion_tokens !== "number") return undefined;
  const input = isObject<Counts>(value.prompt_tokens_details) ? value.prompt_tokens_details : none;
  const output = isObject<Counts>(value.completion_tokens_details) ? value.completion_tokens_details : none;
  const usage: Usage = {
    $typeName: "llmhub.v1.Usage",
    inputTokens: count(prompt_tokens) ?? 0,
    outputTokens: outputTokens(value, count(output["reasoning_tokens"]) ?? 0),
    cacheReadTokens: count(input["cached_tokens"]) ?? count(value.prompt_cache_hit_tokens),
    cacheWriteTokens: count(input["cache_write_tokens"]),
    reasoningTokens: count(output["reasoning_tokens"]),
    source: UsageSource.PROVIDER,
    byModality: [],
    toolUses: {},
    serviceTier: pricedTier(value.service_tier),
  };
  addShare(usage, Modality.TEXT, input["text_tokens"], output["text_tokens"]);
  addShare(usage, Modality.IMAGE, input["image_tokens"], output["image_tokens"]);
  addShare(usage, Modality.AUDIO, input["audio_tokens"], output["audio_tokens"]);
  if (native) usage.native = value;
  return usage;
}

/** Some servers count reasoning beside completion_tokens instead of in it; their total tells. */
function outputTokens({ prompt_tokens, completion_tokens, total_tokens }: ChatUsage, reasoning: number): number {
  const output = count(completion_tokens) ?? 0;
  const besides = (count(total_tokens) ?? 0) - (count(prompt_tokens) ?? 0) === output + reasoning;
  return besides ? output + reasoning : output;
}

function addShare(usage: Usage, modality: Modality, input: unknown, output: unknown): void {
  const inputTokens = count(input) ?? 0;
  const outputTokens = count(output) ?? 0;
  if (inputTokens === 0 && outputTokens === 0) return;
  usage.byModality.push(create(ModalityTokensSchema, { modality, inputTokens, outputTokens }));
}

function count(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
