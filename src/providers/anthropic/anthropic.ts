import { catalogOf } from "../../catalog/catalog.ts";
import { messages } from "../../protocols/messages/protocol.ts";
import { apiKeyHeader } from "../authorize.ts";
import { namesIn } from "../model-names.ts";
import { patternOf } from "../pattern.ts";
import type { ProviderFacts } from "../provider.ts";

/** Anthropic's own API. */
export const anthropic: ProviderFacts = {
  kind: "anthropic",
  displayName: "Anthropic",
  baseUrl: "https://api.anthropic.com/v1",
  keyVariable: "ANTHROPIC_API_KEY",
  keyRequired: true,
  authorize: (key) => ({ ...apiKeyHeader(key), "anthropic-version": "2023-06-01" }),
  dialects: () => ({ generate: () => messages }),
  models: () => catalogOf("anthropic"),
  defaultModel: "claude-haiku-4-5",
  patterns: [patternOf("claude-*")],
  healthPath: "/models",
  modelNames: namesIn("data", "id"),
};
