import { catalogOf } from "../../catalog/catalog.ts";
import type { Protocol } from "../../model/protocol.ts";
import { noteFields, type OwnFields } from "../../protocols/chat-completions/own-fields.ts";
import { chatCompletions } from "../../protocols/chat-completions/protocol.ts";
import { readChat } from "../../protocols/chat-completions/read.ts";
import type { ChatBody } from "../../protocols/chat-completions/wire.ts";
import { bearer } from "../authorize.ts";
import { patternOf } from "../pattern.ts";
import type { ProviderFacts } from "../provider.ts";
import { renderPerplexity } from "./render.ts";

/** What the answer rests on: the markers [1], [2] in its text count the sources. */
const own: OwnFields = {
  note: (piece, metadata) => {
    noteFields(piece, ["citations", "search_results"], metadata);
    noteFields(piece.usage, ["num_search_queries", "citation_tokens", "search_context_size", "cost"], metadata);
  },
};

const dialect: Protocol<ChatBody> = {
  ...chatCompletions,
  render: renderPerplexity,
  read: (attempt) => readChat(attempt, own),
};

/** Perplexity's Sonar API (docs.perplexity.ai), which has no cheap request that needs the key. */
export const perplexity: ProviderFacts = {
  kind: "perplexity",
  displayName: "Perplexity",
  baseUrl: "https://api.perplexity.ai",
  keyVariable: "PERPLEXITY_API_KEY",
  keyRequired: true,
  authorize: bearer,
  dialects: () => ({ generate: () => dialect }),
  models: () => catalogOf("perplexity"),
  defaultModel: "sonar",
  patterns: [patternOf("sonar*")],
  healthPath: undefined,
};
