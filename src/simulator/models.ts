/** A few names worth knowing. Any other name is answered too, by the dialect of the path it was sent to. */
export const simulatorModels: readonly {
  readonly name: string;
  readonly dialect: "chat-completions" | "responses" | "messages" | "gemini" | "ollama" | "cohere" | "converse";
  readonly description: string;
}[] = [
  { name: "gpt", dialect: "chat-completions", description: "answers, calls tools, fills JSON schemas" },
  { name: "gpt:pace-0:first-token-0", dialect: "chat-completions", description: "as fast as the wire allows" },
  { name: "gpt:first-token-3000", dialect: "chat-completions", description: "thinks for three seconds first" },
  { name: "gpt:429:retry-after-2", dialect: "chat-completions", description: "rate limited, try again in two seconds" },
  { name: "gpt:503", dialect: "chat-completions", description: "overloaded" },
  { name: "gpt:context-length", dialect: "chat-completions", description: "finds the prompt too long" },
  { name: "gpt:refusal", dialect: "chat-completions", description: "declines to answer" },
  { name: "gpt:stall", dialect: "chat-completions", description: "sends headers, then nothing" },
  { name: "gpt:reset-mid", dialect: "chat-completions", description: "loses the connection half-way" },
  { name: "deepseek", dialect: "chat-completions", description: "shows what it thinks, when asked to think" },
  { name: "embedding", dialect: "chat-completions", description: "makes vectors of texts, eight numbers each" },
  { name: "rerank", dialect: "chat-completions", description: "orders documents by the words of a query" },
  { name: "responses", dialect: "responses", description: "answers, calls tools, sums up what it thinks" },
  { name: "responses:error-mid", dialect: "responses", description: "reports an error half-way through the stream" },
  { name: "claude", dialect: "messages", description: "answers, calls tools, thinks when asked to" },
  { name: "claude:529", dialect: "messages", description: "overloaded" },
  { name: "claude:error-mid", dialect: "messages", description: "reports an error half-way through the stream" },
  { name: "claude:truncate", dialect: "messages", description: "ends half-way without saying so" },
  { name: "gemini", dialect: "gemini", description: "answers, calls tools, thinks when asked to, embeds" },
  { name: "gemini:quota", dialect: "gemini", description: "has used up the requests of the day" },
  { name: "ollama", dialect: "ollama", description: "answers, calls tools, thinks when asked to" },
  { name: "ollama-embedding", dialect: "ollama", description: "makes vectors of texts" },
  { name: "command", dialect: "cohere", description: "answers, plans tool calls, cites documents" },
  { name: "command-embedding", dialect: "cohere", description: "makes vectors of texts" },
  { name: "command-rerank", dialect: "cohere", description: "orders documents by the words of a query" },
  { name: "converse", dialect: "converse", description: "answers in AWS's binary event stream" },
  { name: "converse:error-mid", dialect: "converse", description: "throws an exception half-way through the stream" },
];
