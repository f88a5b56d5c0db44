import { chatCompletions } from "../../protocols/chat-completions/protocol.ts";
import { messages } from "../../protocols/messages/protocol.ts";
import { bearer } from "../authorize.ts";
import type { ProviderFacts } from "../provider.ts";

/** The built-in simulator: models named claude speak Anthropic's dialect, all others OpenAI's. */
export const simulator: ProviderFacts = {
  kind: "simulator",
  displayName: "Built-in simulator",
  baseUrl: undefined,
  keyRequired: false,
  authorize: bearer,
  protocol: (model) => (model.startsWith("claude") ? messages : chatCompletions),
  defaultModel: "gpt",
  healthPath: "/models",
};
