import { embeddings } from "../../protocols/embeddings/protocol.ts";
import { rerank } from "../../protocols/rerank/protocol.ts";
import { responses } from "../../protocols/responses/protocol.ts";
import { apiSetting, chosenApi } from "../api-choice.ts";
import { bearer } from "../authorize.ts";
import { namesIn } from "../model-names.ts";
import type { ProviderFacts } from "../provider.ts";
import { topKDialect } from "../top-k.ts";

/** A vLLM server (docs.vllm.ai, "OpenAI-compatible server"). Constraints such as structured_outputs go through provider_options. */
export const vllm: ProviderFacts = {
  kind: "vllm",
  displayName: "vLLM",
  baseUrl: "http://localhost:8000/v1",
  keyRequired: false,
  authorize: bearer,
  settings: { api: apiSetting },
  dialects: (settings) => ({
    generate: chosenApi(settings, topKDialect, responses),
    embed: () => embeddings,
    rerank: () => rerank,
  }),
  models: () => new Map(),
  healthPath: "/models",
  modelNames: namesIn("data", "id"),
};
