import { catalogOf } from "../../catalog/catalog.ts";
import type { Protocol } from "../../model/protocol.ts";
import { choiceIn, noteFields, type OwnFields } from "../../protocols/chat-completions/own-fields.ts";
import { chatCompletions } from "../../protocols/chat-completions/protocol.ts";
import { readChat } from "../../protocols/chat-completions/read.ts";
import type { ChatBody } from "../../protocols/chat-completions/wire.ts";
import { embeddings } from "../../protocols/embeddings/protocol.ts";
import { rerank } from "../../protocols/rerank/protocol.ts";
import { bearer } from "../authorize.ts";
import { namesIn } from "../model-names.ts";
import type { ProviderFacts } from "../provider.ts";
import { faultOfOpenrouter } from "./fault.ts";
import { renderOpenrouter } from "./render.ts";

/** Who served, why that one stopped in its own words, and what it cost in dollars. */
const own: OwnFields = {
  note: (piece, metadata) => {
    noteFields(piece, ["provider"], metadata);
    noteFields(choiceIn(piece), ["native_finish_reason"], metadata);
    noteFields(piece.usage, ["cost", "cost_details", "is_byok"], metadata);
  },
};

const dialect: Protocol<ChatBody> = {
  ...chatCompletions,
  render: renderOpenrouter,
  read: (attempt) => readChat(attempt, own),
  fault: faultOfOpenrouter,
};

/** OpenRouter (openrouter.ai/docs), which routes on to other providers. Its list of models asks for no key, the key's own page does. */
export const openrouter: ProviderFacts = {
  kind: "openrouter",
  displayName: "OpenRouter",
  baseUrl: "https://openrouter.ai/api/v1",
  settings: {
    referer: { about: "address of the operator's application, for OpenRouter's rankings" },
    title: { about: "name of the operator's application, for OpenRouter's rankings" },
  },
  keyVariable: "OPENROUTER_API_KEY",
  keyRequired: true,
  authorize: bearer,
  headers: ({ referer, title }) => ({
    ...(referer === undefined ? {} : { "http-referer": referer }),
    ...(title === undefined ? {} : { "x-title": title }),
  }),
  dialects: () => ({ generate: () => dialect, embed: () => embeddings, rerank: () => rerank }),
  models: () => catalogOf("openrouter"),
  healthPath: "/key",
  modelsPath: "/models",
  modelNames: namesIn("data", "id"),
};
