import { catalogOf } from "../../catalog/catalog.ts";
import { geminiEmbed } from "../../protocols/gemini/embed.ts";
import { gemini as dialect } from "../../protocols/gemini/protocol.ts";
import { namesIn } from "../model-names.ts";
import { patternOf } from "../pattern.ts";
import type { ProviderFacts } from "../provider.ts";

/** Google's Gemini API, with a key of AI Studio. */
export const gemini: ProviderFacts = {
  kind: "gemini",
  displayName: "Google Gemini",
  genAiName: "gcp.gemini",
  baseUrl: "https://generativelanguage.googleapis.com/v1beta",
  keyVariable: "GEMINI_API_KEY",
  keyAliases: ["GOOGLE_API_KEY"],
  keyRequired: true,
  authorize: (key) => ({ "x-goog-api-key": key }),
  dialects: () => ({ generate: () => dialect, embed: () => geminiEmbed }),
  models: () => catalogOf("gemini"),
  defaultModel: "gemini-2.5-flash",
  // Its list names models "models/gemini-2.5-flash", and so do many programs.
  patterns: [...["gemini-*", "gemma-*", "learnlm-*"].map(patternOf), { prefix: "models/", strips: true }],
  healthPath: "/models?pageSize=1",
  // As many as one page holds.
  modelsPath: "/models?pageSize=1000",
  modelNames: namesIn("models", "name", "models/"),
};
