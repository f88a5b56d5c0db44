import { factsOf } from "../../catalog/facts.ts";
import type { EmbedDialect, Protocol } from "../../model/protocol.ts";
import { chatCompletions } from "../../protocols/chat-completions/protocol.ts";
import { cohereEmbeddings } from "../../protocols/cohere/embed.ts";
import { cohere } from "../../protocols/cohere/protocol.ts";
import { cohereRerank } from "../../protocols/cohere/rerank.ts";
import { converse } from "../../protocols/converse/protocol.ts";
import { embeddings } from "../../protocols/embeddings/protocol.ts";
import { geminiEmbed } from "../../protocols/gemini/embed.ts";
import { gemini } from "../../protocols/gemini/protocol.ts";
import { messages } from "../../protocols/messages/protocol.ts";
import { ollamaEmbeddings } from "../../protocols/ollama/embed.ts";
import { ollama } from "../../protocols/ollama/protocol.ts";
import { rerank } from "../../protocols/rerank/protocol.ts";
import { bearer } from "../authorize.ts";
import { openaiResponses } from "../openai/responses.ts";
import type { ProviderFacts } from "../provider.ts";

const features = ["tools", "parallel_tools", "json_schema", "logprobs", "streaming"];
const limits = { contextWindow: 128_000, maxOutputTokens: 16_384, input: ["text", "image", "document"] } as const;
const free = { input: 0, output: 0 };
const vectors = factsOf({ type: "embedding", contextWindow: 8192, dimensions: 8, prices: free }, "simulator");
const orders = factsOf({ type: "rerank", contextWindow: 8192, prices: free }, "simulator");

const models = new Map([
  ["gpt", factsOf({ ...limits, features, prices: free }, "simulator")],
  ["claude", factsOf({ ...limits, features: [...features, "reasoning"], prices: free }, "simulator")],
  ["gemini", factsOf({ ...limits, features: [...features, "reasoning"], prices: free }, "simulator")],
  ["ollama", factsOf({ ...limits, features: [...features, "reasoning"], prices: free }, "simulator")],
  ["responses", factsOf({ ...limits, features: [...features, "reasoning"], prices: free }, "simulator")],
  ["command", factsOf({ ...limits, features: [...features, "reasoning", "citations"], prices: free }, "simulator")],
  ["deepseek", factsOf({ ...limits, features: [...features, "reasoning"], prices: free }, "simulator")],
  ["embedding", vectors],
  ["ollama-embedding", vectors],
  ["command-embedding", vectors],
  ["rerank", orders],
  ["command-rerank", orders],
  ["converse", factsOf({ ...limits, features, prices: free }, "simulator")],
]);

/** Dialects by how the names of models begin that speak another than OpenAI's. */
const generators: readonly (readonly [string, Protocol])[] = [
  ["responses", openaiResponses],
  ["claude", messages],
  ["gemini", gemini],
  ["ollama", ollama],
  ["command", cohere],
  ["converse", converse],
];
const embedders: readonly (readonly [string, EmbedDialect])[] = [
  ["gemini", geminiEmbed],
  ["ollama", ollamaEmbeddings],
  ["command", cohereEmbeddings],
];

/**
 * The built-in simulator: models named responses speak OpenAI's Responses dialect, claude Anthropic's, gemini Google's, ollama
 * Ollama's, command Cohere's, converse Bedrock's, all others OpenAI's chat completions.
 */
export const simulator: ProviderFacts = {
  kind: "simulator",
  displayName: "Built-in simulator",
  baseUrl: undefined,
  keyRequired: false,
  authorize: bearer,
  dialects: () => ({
    generate: (model) => dialectOf(model, generators) ?? chatCompletions,
    embed: (model) => dialectOf(model, embedders) ?? embeddings,
    rerank: (model) => (model.startsWith("command") ? cohereRerank : rerank),
  }),
  models: () => models,
  defaultModel: "gpt",
  healthPath: "/models",
};

function dialectOf<Found>(model: string, named: readonly (readonly [string, Found])[]): Found | undefined {
  return named.find(([name]) => model.startsWith(name))?.[1];
}
