import { catalogOf } from "../../catalog/catalog.ts";
import { chatCompletions } from "../../protocols/chat-completions/protocol.ts";
import { bearer } from "../authorize.ts";
import { namesIn } from "../model-names.ts";
import type { ProviderFacts } from "../provider.ts";

/** Hugging Face's router (huggingface.co/docs/inference-providers). Its list of models asks for no key, and nothing there does but a call. */
export const huggingface: ProviderFacts = {
  kind: "huggingface",
  displayName: "Hugging Face",
  baseUrl: "https://router.huggingface.co/v1",
  keyVariable: "HF_TOKEN",
  keyRequired: true,
  authorize: bearer,
  dialects: () => ({ generate: () => chatCompletions }),
  models: () => catalogOf("huggingface"),
  healthPath: undefined,
  modelsPath: "/models",
  modelNames: namesIn("data", "id"),
};
