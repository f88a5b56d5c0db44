import { catalogOf } from "../../catalog/catalog.ts";
import { chatCompletions } from "../../protocols/chat-completions/protocol.ts";
import { bearer } from "../authorize.ts";
import { namesIn } from "../model-names.ts";
import { patternOf } from "../pattern.ts";
import type { ProviderFacts } from "../provider.ts";
import { embedDialect } from "./embed.ts";
import { faultOfMistral } from "./fault.ts";
import { renderMistral } from "./render.ts";

const dialect = { ...chatCompletions, render: renderMistral, fault: faultOfMistral };

const families = [
  "mistral",
  "codestral",
  "ministral",
  "magistral",
  "pixtral",
  "devstral",
  "voxtral",
  "open-mistral",
  "open-mixtral",
];

/** Mistral's own API (docs.mistral.ai/api). */
export const mistral: ProviderFacts = {
  kind: "mistral",
  displayName: "Mistral AI",
  genAiName: "mistral_ai",
  baseUrl: "https://api.mistral.ai/v1",
  keyVariable: "MISTRAL_API_KEY",
  keyRequired: true,
  authorize: bearer,
  dialects: () => ({ generate: () => dialect, embed: () => embedDialect }),
  models: () => catalogOf("mistral"),
  defaultModel: "mistral-small-latest",
  patterns: families.map((family) => patternOf(`${family}-*`)),
  healthPath: "/models",
  modelNames: namesIn("data", "id"),
};
