import { catalogOf } from "../../catalog/catalog.ts";
import { cohereEmbeddings } from "../../protocols/cohere/embed.ts";
import { cohere as dialect } from "../../protocols/cohere/protocol.ts";
import { cohereRerank } from "../../protocols/cohere/rerank.ts";
import { bearer } from "../authorize.ts";
import { namesIn } from "../model-names.ts";
import { patternOf } from "../pattern.ts";
import type { ProviderFacts } from "../provider.ts";

/** Names of models that make vectors, and of those that order documents. */
const embedding = ["embed-english-*", "embed-multilingual-*", "embed-v4*"];
const reranking = ["rerank-v*", "rerank-english-*", "rerank-multilingual-*"];

/** Cohere's own API. */
export const cohere: ProviderFacts = {
  kind: "cohere",
  displayName: "Cohere",
  baseUrl: "https://api.cohere.com",
  keyVariable: "COHERE_API_KEY",
  keyAliases: ["CO_API_KEY"],
  keyRequired: true,
  authorize: bearer,
  dialects: () => ({ generate: () => dialect, embed: () => cohereEmbeddings, rerank: () => cohereRerank }),
  models: () => catalogOf("cohere"),
  defaultModel: "command-a-03-2025",
  patterns: ["command-*", "c4ai-*", ...embedding, ...reranking].map(patternOf),
  healthPath: "/v1/models?page_size=1000",
  modelNames: namesIn("models", "name"),
};
