import { catalogOf } from "../../catalog/catalog.ts";
import { chatCompletions } from "../../protocols/chat-completions/protocol.ts";
import { renderVariant } from "../../protocols/chat-completions/variant.ts";
import { bearer } from "../authorize.ts";
import { namesIn } from "../model-names.ts";
import type { ProviderFacts } from "../provider.ts";

/** What is lacking here is answered with 400 (inference-docs.cerebras.ai, "OpenAI compatibility"). */
const render = renderVariant({
  names: { maxOutputTokens: "max_completion_tokens" },
  lacks: ["frequencyPenalty", "presencePenalty", "serviceTier"],
});

const dialect = { ...chatCompletions, render };

/** Cerebras (inference-docs.cerebras.ai). */
export const cerebras: ProviderFacts = {
  kind: "cerebras",
  displayName: "Cerebras",
  baseUrl: "https://api.cerebras.ai/v1",
  keyVariable: "CEREBRAS_API_KEY",
  keyRequired: true,
  authorize: bearer,
  dialects: () => ({ generate: () => dialect }),
  models: () => catalogOf("cerebras"),
  healthPath: "/models",
  modelNames: namesIn("data", "id"),
};
