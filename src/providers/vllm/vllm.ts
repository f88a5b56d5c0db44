import { embeddings } from "../../protocols/embeddings/protocol.ts";
import { rerank } from "../../protocols/rerank/protocol.ts";
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
  dialects: () => ({ generate: () => topKDialect, embed: () => embeddings, rerank: () => rerank }),
  models: () => new Map(),
  healthPath: "/models",
  modelNames: namesIn("data", "id"),
};
