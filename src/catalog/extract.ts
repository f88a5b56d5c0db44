import type { ModelKind } from "../model/target.ts";
import type { ModalityName, ModelEntry } from "./facts.ts";
import { priceEntry, type SourceEntry } from "./prices.ts";
import { type CatalogSource, corrections } from "./sources.ts";

/** What a model of the table's mode is for. Other modes are for operations that the gateway has not. */
const kinds: Readonly<Record<string, ModelKind>> = {
  chat: "completion",
  responses: "completion",
  embedding: "embedding",
  rerank: "rerank",
};

const featureFields: Readonly<Record<string, string>> = {
  tools: "supports_function_calling",
  parallel_tools: "supports_parallel_function_calling",
  json_schema: "supports_response_schema",
  reasoning: "supports_reasoning",
  prompt_cache: "supports_prompt_caching",
  adaptive_reasoning: "supports_adaptive_thinking",
  effort_none: "supports_none_reasoning_effort",
  effort_minimal: "supports_minimal_reasoning_effort",
  effort_xhigh: "supports_xhigh_reasoning_effort",
  effort_max: "supports_max_reasoning_effort",
};

/** Features that the table states by naming what a model refuses. */
const refusedFields: Readonly<Record<string, string>> = {
  fixed_sampling: "supports_sampling_params",
};

/** Models that are reported to refuse to be kept from reasoning; the table does not say. */
const alwaysReasoning = /claude-fable-5/;

/** Fields of which one is enough, besides the lists of modalities. */
const inputFields: readonly (readonly [ModalityName, readonly string[]])[] = [
  ["image", ["supports_vision", "supports_image_input", "supports_embedding_image_input"]],
  ["audio", ["supports_audio_input"]],
  ["video", ["supports_video_input"]],
  ["document", ["supports_pdf_input"]],
];

/**
 * The models of one provider out of the price table, by the names that its API takes. What tells neither a size nor a
 * price is left out.
 */
export function extractModels(
  table: Readonly<Record<string, SourceEntry>>,
  source: CatalogSource,
): Record<string, ModelEntry> {
  const entries = new Map<string, SourceEntry>();
  for (const [tableName, entry] of Object.entries(table)) {
    const name = nameOf(tableName, entry, source);
    if (name !== undefined) entries.set(name, { ...entries.get(name), ...entry, ...corrections[tableName] });
  }
  const models = [...entries]
    .map(([name, entry]): [string, ModelEntry] => [name, modelEntry(name, entry)])
    .filter(([, { contextWindow, prices }]) => contextWindow !== undefined || prices !== undefined);
  return Object.fromEntries(models.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function nameOf(tableName: string, entry: SourceEntry, { of, name, except, sourced }: CatalogSource) {
  const mode = String(entry["mode"]);
  if (!of.test(String(entry["litellm_provider"])) || kinds[mode] === undefined) return undefined;
  if (sourced && mode === "chat" && entry["source"] === undefined) return undefined;
  const found = name.exec(tableName)?.[1];
  return found === undefined || except?.test(found) ? undefined : found;
}

function modelEntry(name: string, entry: SourceEntry): ModelEntry {
  const type = kinds[String(entry["mode"])] ?? "completion";
  const isCompletion = type === "completion";
  const input = inputOf(entry);
  const output = outputOf(entry);
  return {
    type: isCompletion ? undefined : type,
    contextWindow: count(entry["max_input_tokens"]),
    maxOutputTokens: isCompletion ? count(entry["max_output_tokens"]) : undefined,
    dimensions: type === "embedding" ? count(entry["output_vector_size"]) : undefined,
    retireTime: dayOf(entry["deprecation_date"]),
    input: input.length > 1 ? input : undefined,
    output: isCompletion && output.length > 1 ? output : undefined,
    features: isCompletion ? featuresOf(name, entry) : undefined,
    ...priceEntry(name, type, entry),
  };
}

function featuresOf(name: string, entry: SourceEntry): string[] {
  return [
    ...Object.keys(featureFields).filter((feature) => entry[featureFields[feature] ?? ""] === true),
    ...Object.keys(refusedFields).filter((feature) => entry[refusedFields[feature] ?? ""] === false),
    ...(alwaysReasoning.test(name) ? ["always_reasoning"] : []),
    ...(entry["mode"] === "responses" ? ["responses_only"] : []),
    "streaming",
  ];
}

function inputOf(entry: SourceEntry): ModalityName[] {
  const listed = listOf(entry["supported_modalities"]);
  const more = inputFields.filter(
    ([name, fields]) => listed.has(name) || fields.some((field) => entry[field] === true),
  );
  return ["text", ...more.map(([name]) => name)];
}

/** The table lists what a model makes by way of tools, too; what it makes itself has a price of its own. */
function outputOf(entry: SourceEntry): ModalityName[] {
  const listed = listOf(entry["supported_output_modalities"]).add(entry["supports_audio_output"] === true && "audio");
  const made = (["image", "audio", "video"] as const).filter(
    (name) => listed.has(name) && Number(entry[`output_cost_per_${name}_token`]) > 0,
  );
  return ["text", ...made];
}

function listOf(value: unknown): Set<unknown> {
  return new Set(Array.isArray(value) ? value : []);
}

function dayOf(value: unknown): string | undefined {
  return typeof value === "string" && /^\d{4}-\d{2}-\d{2}$/.test(value) ? value : undefined;
}

function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}
