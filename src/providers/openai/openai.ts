import { catalogOf } from "../../catalog/catalog.ts";
import { chatCompletions } from "../../protocols/chat-completions/protocol.ts";
import { bearer } from "../authorize.ts";
import type { ProviderFacts } from "../provider.ts";
import { renderOpenAi } from "./render.ts";

const dialect = { ...chatCompletions, render: renderOpenAi };

/** OpenAI's own API. */
export const openai: ProviderFacts = {
  kind: "openai",
  displayName: "OpenAI",
  baseUrl: "https://api.openai.com/v1",
  keyVariable: "OPENAI_API_KEY",
  keyRequired: true,
  authorize: bearer,
  protocol: () => dialect,
  models: () => catalogOf("openai"),
  defaultModel: "gpt-5-mini",
  healthPath: "/models",
};
