import { catalogOf } from "../../catalog/catalog.ts";
import { chatCompletions } from "../../protocols/chat-completions/protocol.ts";
import { bearer } from "../authorize.ts";
import { namesIn } from "../model-names.ts";
import { patternOf } from "../pattern.ts";
import type { ProviderFacts } from "../provider.ts";
import { renderDeepseek } from "./render.ts";

const dialect = { ...chatCompletions, render: renderDeepseek };

/** DeepSeek's own API (api-docs.deepseek.com). */
export const deepseek: ProviderFacts = {
  kind: "deepseek",
  displayName: "DeepSeek",
  baseUrl: "https://api.deepseek.com",
  keyVariable: "DEEPSEEK_API_KEY",
  keyRequired: true,
  authorize: bearer,
  dialects: () => ({ generate: () => dialect }),
  models: () => catalogOf("deepseek"),
  defaultModel: "deepseek-v4-flash",
  patterns: [patternOf("deepseek-*")],
  healthPath: "/models",
  modelNames: namesIn("data", "id"),
};
