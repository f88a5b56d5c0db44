import { chatCompletions } from "../../src/protocols/chat-completions/protocol.ts";
import { bearer } from "../../src/providers/authorize.ts";
import { namesIn } from "../../src/providers/model-names.ts";
import type { ProviderFacts } from "../../src/providers/provider.ts";

/** A provider that nobody has: all that one takes which speaks as OpenAI does. */
export const madeUp: ProviderFacts = {
  kind: "made-up",
  displayName: "Made Up",
  baseUrl: undefined,
  keyVariable: "MADE_UP_API_KEY",
  keyRequired: true,
  authorize: bearer,
  dialects: () => ({ generate: () => chatCompletions }),
  models: () => new Map(),
  defaultModel: "fable-1",
  patterns: [{ prefix: "fable-", strips: false }],
  healthPath: "/models",
  modelNames: namesIn("data", "id"),
};
