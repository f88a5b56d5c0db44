import { azureOpenai } from "./azure-openai.ts";
import { chatCompletions } from "./chat-completions.ts";
import { cohere } from "./cohere.ts";
import { converse } from "./converse.ts";
import type { Dialect } from "./dialect.ts";
import { gemini } from "./gemini.ts";
import { invoke } from "./invoke.ts";
import { messages } from "./messages.ts";
import { ollama } from "./ollama.ts";
import { responses } from "./responses.ts";
import { vertexClaude } from "./vertex-claude.ts";

const dialects: readonly [Dialect, ...Dialect[]] = [
  chatCompletions,
  responses,
  messages,
  gemini,
  vertexClaude,
  ollama,
  cohere,
  converse,
  invoke,
  azureOpenai,
];

/** The dialect that serves a path, or, for a path that none serves, the one to say so in. */
export function dialectFor(method: string, path: string, header: (name: string) => string): Dialect {
  const serving = dialects.filter((dialect) => dialect.operation(method, path) !== undefined);
  const pool = serving.length > 0 ? serving : dialects;
  const marked = pool.find((dialect) => dialect.mark !== undefined && header(dialect.mark) !== "");
  return marked ?? pool[0] ?? dialects[0];
}
