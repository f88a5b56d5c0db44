import { embeddings } from "../../protocols/embeddings/protocol.ts";
import { bearer } from "../authorize.ts";
import { namesIn } from "../model-names.ts";
import type { ProviderFacts } from "../provider.ts";
import { topKDialect } from "../top-k.ts";

/** LM Studio (lmstudio.ai/docs, "OpenAI compatibility"). */
export const lmStudio: ProviderFacts = {
  kind: "lm-studio",
  displayName: "LM Studio",
  baseUrl: "http://localhost:1234/v1",
  keyRequired: false,
  authorize: bearer,
  dialects: () => ({ generate: () => topKDialect, embed: () => embeddings }),
  models: () => new Map(),
  healthPath: "/models",
  modelNames: namesIn("data", "id"),
};
