import { embeddings } from "../../protocols/embeddings/protocol.ts";
import { rerank } from "../../protocols/rerank/protocol.ts";
import { bearer } from "../authorize.ts";
import { namesIn } from "../model-names.ts";
import type { ProviderFacts } from "../provider.ts";
import { topKDialect } from "../top-k.ts";

/** The server of llama.cpp (its README, tools/server). Grammars go through provider_options. */
export const llamaCpp: ProviderFacts = {
  kind: "llama-cpp",
  displayName: "llama.cpp",
  baseUrl: "http://localhost:8080/v1",
  keyRequired: false,
  authorize: bearer,
  dialects: () => ({ generate: () => topKDialect, embed: () => embeddings, rerank: () => rerank }),
  models: () => new Map(),
  healthPath: "/models",
  modelNames: namesIn("data", "id"),
};
