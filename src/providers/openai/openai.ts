import { catalogOf } from "../../catalog/catalog.ts";
import { chatCompletions } from "../../protocols/chat-completions/protocol.ts";
import { embeddings } from "../../protocols/embeddings/protocol.ts";
import { apiSetting, chosenApi } from "../api-choice.ts";
import { bearer } from "../authorize.ts";
import { namesIn } from "../model-names.ts";
import { patternOf } from "../pattern.ts";
import type { ProviderFacts } from "../provider.ts";
import { renderOpenAi } from "./render.ts";
import { openaiResponses, responsesNames } from "./responses.ts";

const dialect = { ...chatCompletions, render: renderOpenAi };

/** OpenAI's own API. */
export const openai: ProviderFacts = {
  kind: "openai",
  displayName: "OpenAI",
  baseUrl: "https://api.openai.com/v1",
  keyVariable: "OPENAI_API_KEY",
  keyRequired: true,
  authorize: bearer,
  settings: { api: apiSetting },
  dialects: (settings) => ({
    generate: chosenApi(settings, dialect, openaiResponses, responsesNames),
    embed: () => embeddings,
  }),
  models: () => catalogOf("openai"),
  defaultModel: "gpt-5-mini",
  patterns: ["gpt-*", "chatgpt-*", "o1*", "o3*", "o4*", "codex-*", "computer-use-*", "text-embedding-*"].map(patternOf),
  healthPath: "/models",
  modelNames: namesIn("data", "id"),
};
