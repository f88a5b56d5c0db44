/**
 * All that extensions may import, as "llm-connector-hub/extension". What is here changes its meaning only with `apiVersion`; more may
 * be added.
 */

export type { CompleteRequest, CompleteResponse, Warning } from "../gen/llmhub/v1/completion_pb.ts";
export type { ChatMessage, ContentPart } from "../gen/llmhub/v1/content_pb.ts";
export type { EmbedRequest } from "../gen/llmhub/v1/embedding_pb.ts";
export type { RerankRequest } from "../gen/llmhub/v1/rerank_service_pb.ts";
export type { Usage } from "../gen/llmhub/v1/usage_pb.ts";
export { unknownFacts } from "./catalog/facts.ts";
export { warning, withChunks, withWarnings } from "./extensions/answer.ts";
export {
  apiVersion,
  defineExtension,
  type Extension,
  type ExtensionClock,
  type ExtensionContext,
  type ExtensionFields,
  type ExtensionKind,
  type ExtensionLine,
  type ExtensionLogger,
  type ExtensionMetric,
  type ExtensionMetrics,
  type OpenExtension,
  type SchemaIssue,
  type SchemaResult,
  type SettingsSchema,
} from "./extensions/contract.ts";
export type { Authorizer } from "./model/authorizer.ts";
export type { Asked, Attempt, Call, Caller, Rpc, Timeouts } from "./model/call.ts";
export type { Chunk } from "./model/chunk.ts";
export type { Dispatch, Interceptor } from "./model/dispatch.ts";
export { type FaultFacts, GatewayError, type Reason } from "./model/error.ts";
export type { Dialect, EmbedDialect, Failure, Protocol, Reader, Rendered, RerankDialect } from "./model/protocol.ts";
export type { Outcome, Piece, Reply, Result, Served } from "./model/reply.ts";
export type { Scores } from "./model/scores.ts";
export type { ModelFacts, PriceList, Target } from "./model/target.ts";
export type { Vectors } from "./model/vectors.ts";
export { chatCompletions } from "./protocols/chat-completions/protocol.ts";
export { renderVariant, type Variant } from "./protocols/chat-completions/variant.ts";
export { embeddings } from "./protocols/embeddings/protocol.ts";
export { messages } from "./protocols/messages/protocol.ts";
export { rerank } from "./protocols/rerank/protocol.ts";
export { responses } from "./protocols/responses/protocol.ts";
export { bearer } from "./providers/authorize.ts";
export { namesIn } from "./providers/model-names.ts";
export type { Access, Dialects, SettingFacts, Settings } from "./providers/provider.ts";
