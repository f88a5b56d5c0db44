import { catalogOf } from "../../catalog/catalog.ts";
import { ollamaEmbeddings } from "../../protocols/ollama/embed.ts";
import { ollama as dialect } from "../../protocols/ollama/protocol.ts";
import { bearer } from "../authorize.ts";
import { namesIn } from "../model-names.ts";
import { patternOf } from "../pattern.ts";
import type { ProviderFacts } from "../provider.ts";
import { addressOf } from "./host.ts";

/** Models on this machine or in the own network, served by Ollama; or those of ollama.com. */
export const ollama: ProviderFacts = {
  kind: "ollama",
  displayName: "Ollama",
  baseUrl: ({ host }) => addressOf(host),
  settings: {
    host: {
      about: "where the server listens: a host, host and port, or a URL; 127.0.0.1:11434 is the default",
      variables: ["OLLAMA_HOST"],
    },
  },
  keyVariable: "OLLAMA_API_KEY",
  switches: ["OLLAMA_HOST"],
  keyRequired: false,
  credentials: "none; an API key for ollama.com",
  authorize: bearer,
  dialects: () => ({ generate: () => dialect, embed: () => ollamaEmbeddings }),
  models: () => catalogOf("ollama"),
  patterns: [{ prefix: "ollama-", strips: true }, patternOf("llama*")],
  healthPath: "/api/tags",
  modelNames: namesIn("models", "name"),
};
