/**
 * The client of the hub where there is no HTTP/2 of Node, "llm-connector-hub/client" in a browser: `new HubClient(transport)`
 * with any transport of Connect, such as createConnectTransport of @connectrpc/connect-web.
 */

export { Code } from "@connectrpc/connect";
export {
  CacheMode,
  type CompleteRequest,
  type CompleteResponse,
  type CompletionFailure,
  CompletionView,
  FinishReason,
  type Warning,
} from "../gen/llmhub/v1/completion_pb.ts";
export type { CountTokensResponse } from "../gen/llmhub/v1/completion_service_pb.ts";
export { type ChatMessage, type ContentPart, Modality, Role } from "../gen/llmhub/v1/content_pb.ts";
export { EmbeddingPurpose, type EmbedResponse, VectorEncoding } from "../gen/llmhub/v1/embedding_pb.ts";
export { HealthState, type Model, ModelType, type Provider } from "../gen/llmhub/v1/model_service_pb.ts";
export type { RerankResponse } from "../gen/llmhub/v1/rerank_service_pb.ts";
export { type Attempt, CacheStatus, type RoutingInfo, RoutingStrategy } from "../gen/llmhub/v1/routing_pb.ts";
export { ToolMode } from "../gen/llmhub/v1/tool_pb.ts";
export { type Cost, type Money, type Usage, UsageSource } from "../gen/llmhub/v1/usage_pb.ts";
export { type AskedTool, type FunctionFacts, functionTool, jsonOf, textOf, toolCallsOf } from "./client/answers.ts";
export type { ApiKey, CallOptions, ClientOptions, RepeatRules } from "./client/call-options.ts";
export type { CompletionBuilder, StreamCallOptions } from "./client/completion-builder.ts";
export type { CompletionRequest, MessageInput, PartInput, ToolInput } from "./client/completion-request.ts";
export type { CompletionStream, StreamEvent } from "./client/completion-stream.ts";
export { type EmbedInput, HubClient, type ModelFilter, type RerankInput } from "./client/hub-client.ts";
export { type FieldViolation, HubError } from "./client/hub-error.ts";
