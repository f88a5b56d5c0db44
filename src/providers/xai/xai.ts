import { catalogOf } from "../../catalog/catalog.ts";
import type { Protocol } from "../../model/protocol.ts";
import { noteFields, type OwnFields } from "../../protocols/chat-completions/own-fields.ts";
import { chatCompletions } from "../../protocols/chat-completions/protocol.ts";
import { readChat } from "../../protocols/chat-completions/read.ts";
import type { ChatBody } from "../../protocols/chat-completions/wire.ts";
import { apiSetting, chosenApi } from "../api-choice.ts";
import { bearer } from "../authorize.ts";
import { namesIn } from "../model-names.ts";
import { patternOf } from "../pattern.ts";
import type { ProviderFacts } from "../provider.ts";
import { renderXai } from "./render.ts";
import { xaiResponses } from "./responses.ts";

/** Sources of a live search, and what the call came to in units of 1e-10 dollars. */
const own: OwnFields = {
  note: (piece, metadata) => {
    noteFields(piece, ["citations"], metadata);
    noteFields(piece.usage, ["num_sources_used", "cost_in_usd_ticks"], metadata);
  },
};

const dialect: Protocol<ChatBody> = {
  ...chatCompletions,
  render: renderXai,
  read: (attempt) => readChat(attempt, own),
};

/** xAI's own API (docs.x.ai). */
export const xai: ProviderFacts = {
  kind: "xai",
  displayName: "xAI",
  genAiName: "x_ai",
  baseUrl: "https://api.x.ai/v1",
  keyVariable: "XAI_API_KEY",
  keyRequired: true,
  authorize: bearer,
  settings: { api: apiSetting },
  dialects: (settings) => ({ generate: chosenApi(settings, dialect, xaiResponses) }),
  models: () => catalogOf("xai"),
  defaultModel: "grok-4.3",
  patterns: [patternOf("grok-*")],
  healthPath: "/models",
  modelNames: namesIn("data", "id"),
};
