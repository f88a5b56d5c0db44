/**
 * What a call is in OpenTelemetry's conventions for generative AI (gen_ai.operation.name): a well-known value, but for
 * "rerank", of which they have none. @param method "llmhub.v1.CompletionService/Complete", "POST /v1/embeddings".
 */
export function operationOf(method: string): "chat" | "embeddings" | "rerank" {
  if (/embed/i.test(method)) return "embeddings";
  return /rerank/i.test(method) ? "rerank" : "chat";
}
