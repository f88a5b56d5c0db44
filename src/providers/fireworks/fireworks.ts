import { catalogOf } from "../../catalog/catalog.ts";
import { embeddings } from "../../protocols/embeddings/protocol.ts";
import { rerank } from "../../protocols/rerank/protocol.ts";
import { bearer } from "../authorize.ts";
import { namesIn } from "../model-names.ts";
import type { ProviderFacts } from "../provider.ts";
import { topKDialect } from "../top-k.ts";

/** Fireworks AI (docs.fireworks.ai). Models bear names such as accounts/fireworks/models/gpt-oss-20b. */
export const fireworks: ProviderFacts = {
  kind: "fireworks",
  displayName: "Fireworks AI",
  baseUrl: "https://api.fireworks.ai/inference/v1",
  keyVariable: "FIREWORKS_API_KEY",
  keyRequired: true,
  authorize: bearer,
  dialects: () => ({ generate: () => topKDialect, embed: () => embeddings, rerank: () => rerank }),
  models: () => catalogOf("fireworks"),
  healthPath: "/models",
  modelNames: namesIn("data", "id"),
};
