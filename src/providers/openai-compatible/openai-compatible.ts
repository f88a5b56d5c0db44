import { chatCompletions } from "../../protocols/chat-completions/protocol.ts";
import { embeddings } from "../../protocols/embeddings/protocol.ts";
import { rerank } from "../../protocols/rerank/protocol.ts";
import { responses } from "../../protocols/responses/protocol.ts";
import { apiSetting, chosenApi } from "../api-choice.ts";
import { bearer } from "../authorize.ts";
import { namesIn } from "../model-names.ts";
import type { ProviderFacts } from "../provider.ts";

/** Any server that speaks OpenAI's chat completions or Responses API: vLLM, llama.cpp, LM Studio, a company's own. */
export const openaiCompatible: ProviderFacts = {
  kind: "openai-compatible",
  displayName: "OpenAI-compatible server",
  baseUrl: undefined,
  keyRequired: false,
  authorize: bearer,
  settings: { api: apiSetting },
  dialects: (settings) => ({
    generate: chosenApi(settings, chatCompletions, responses),
    embed: () => embeddings,
    rerank: () => rerank,
  }),
  models: () => new Map(),
  healthPath: "/models",
  modelNames: namesIn("data", "id"),
};
