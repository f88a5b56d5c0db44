import { catalogOf } from "../../catalog/catalog.ts";
import { bearer } from "../authorize.ts";
import { namesIn } from "../model-names.ts";
import type { ProviderFacts } from "../provider.ts";
import { topKDialect } from "../top-k.ts";

/** NVIDIA's hosted models (build.nvidia.com). Its list of models asks for no key, and nothing cheap does. */
export const nvidia: ProviderFacts = {
  kind: "nvidia",
  displayName: "NVIDIA NIM",
  baseUrl: "https://integrate.api.nvidia.com/v1",
  keyVariable: "NVIDIA_API_KEY",
  keyRequired: true,
  authorize: bearer,
  dialects: () => ({ generate: () => topKDialect }),
  models: () => catalogOf("nvidia"),
  healthPath: undefined,
  modelsPath: "/models",
  modelNames: namesIn("data", "id"),
};
