import { catalogOf } from "../../catalog/catalog.ts";
import { embeddings } from "../../protocols/embeddings/protocol.ts";
import { rerank } from "../../protocols/rerank/protocol.ts";
import { bearer } from "../authorize.ts";
import { namesIn } from "../model-names.ts";
import type { ProviderFacts } from "../provider.ts";
import { topKDialect } from "../top-k.ts";

/** Together AI (docs.together.ai). Its list of models is a bare array. */
export const together: ProviderFacts = {
  kind: "together",
  displayName: "Together AI",
  baseUrl: "https://api.together.xyz/v1",
  keyVariable: "TOGETHER_API_KEY",
  keyRequired: true,
  authorize: bearer,
  dialects: () => ({ generate: () => topKDialect, embed: () => embeddings, rerank: () => rerank }),
  models: () => catalogOf("together"),
  healthPath: "/models",
  modelNames: namesIn("", "id"),
};
