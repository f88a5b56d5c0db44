import { factsOf } from "../../catalog/facts.ts";
import { chatCompletions } from "../../protocols/chat-completions/protocol.ts";
import { messages } from "../../protocols/messages/protocol.ts";
import { bearer } from "../authorize.ts";
import type { ProviderFacts } from "../provider.ts";

const features = ["tools", "parallel_tools", "json_schema", "logprobs", "streaming"];
const limits = { contextWindow: 128_000, maxOutputTokens: 16_384, input: ["text", "image", "document"] } as const;
const free = { input: 0, output: 0 };

const models = new Map([
  ["gpt", factsOf({ ...limits, features, prices: free }, "simulator")],
  ["claude", factsOf({ ...limits, features: [...features, "reasoning"], prices: free }, "simulator")],
]);

/** The built-in simulator: models named claude speak Anthropic's dialect, all others OpenAI's. */
export const simulator: ProviderFacts = {
  kind: "simulator",
  displayName: "Built-in simulator",
  baseUrl: undefined,
  keyRequired: false,
  authorize: bearer,
  dialects: () => ({ generate: (model) => (model.startsWith("claude") ? messages : chatCompletions) }),
  models: () => models,
  defaultModel: "gpt",
  healthPath: "/models",
};
