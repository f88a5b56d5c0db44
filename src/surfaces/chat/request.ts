import type { JsonObject } from "@bufbuild/protobuf";
import type { CompleteRequest } from "../../../gen/llmhub/v1/completion_pb.ts";
import { family } from "../../protocols/chat-completions/wire.ts";
import { objectOf } from "../../protocols/field.ts";
import { invalidField, isGiven, otherFields, readBody } from "../body.ts";
import { labelsOf } from "../labels.ts";
import { setOwn } from "../own-fields.ts";
import { requestOf } from "../parts.ts";
import type { JsonBody } from "../route.ts";
import { messagesOf } from "./messages.ts";
import { type ChatBody, chatBody, chatFields, ownFields } from "./schema.ts";
import { choiceOf, formatOf, toolsOf } from "./tools.ts";

/** A request of the surface. */
export interface ChatRequest {
  readonly request: CompleteRequest;
  readonly stream: boolean;
  /** The last piece of a stream tells the usage. */
  readonly includeUsage: boolean;
  /** How many answers are wanted. */
  readonly choices: number;
}

/** Reads a body of chat completions. Throws INVALID_REQUEST by the names of its fields. */
export function readChat({ value, exact }: JsonBody): ChatRequest {
  refuseOld(value);
  const body = readBody(chatBody, value);
  const request = requestOf(body.model, messagesOf(body.messages), toolsOf(body, exact));
  request.stopSequences = typeof body.stop === "string" ? [body.stop] : (body.stop ?? []);
  request.labels = labelsOf(body.metadata ?? {});
  request.endUserId = body.user ?? "";
  request.serviceTier = body.service_tier ?? "";
  setSampling(request, body);
  setAnswer(request, body, exact);
  const others = otherFields(body as JsonObject, chatFields);
  if (others !== undefined) request.providerOptions[family] = others;
  setOwn(request, body.llmhub, ownFields);
  const { stream, stream_options, n } = body;
  return {
    request,
    stream: stream ?? false,
    includeUsage: stream_options?.include_usage ?? false,
    choices: n ?? 1,
  };
}

function setSampling(request: CompleteRequest, body: ChatBody): void {
  const maxOutputTokens = body.max_completion_tokens ?? body.max_tokens;
  if (isGiven(maxOutputTokens)) request.maxOutputTokens = maxOutputTokens;
  if (isGiven(body.temperature)) request.temperature = body.temperature;
  if (isGiven(body.top_p)) request.topP = body.top_p;
  if (isGiven(body.top_k)) request.topK = body.top_k;
  if (isGiven(body.frequency_penalty)) request.frequencyPenalty = body.frequency_penalty;
  if (isGiven(body.presence_penalty)) request.presencePenalty = body.presence_penalty;
  if (isGiven(body.seed)) request.seed = body.seed;
  if (body.logprobs === true) request.topLogprobs = body.top_logprobs ?? 0;
  else if (isGiven(body.top_logprobs)) throw invalidField("top_logprobs", "needs logprobs to be true");
}

function setAnswer(request: CompleteRequest, body: ChatBody, exact: JsonBody["exact"]): void {
  const { reasoning_effort: effort, response_format, tool_choice, parallel_tool_calls } = body;
  if (isGiven(effort)) {
    request.reasoning = { $typeName: "llmhub.v1.ReasoningOptions", effort, hideText: false };
  }
  if (isGiven(response_format)) request.responseFormat = formatOf(response_format, exact);
  const choice = choiceOf(tool_choice, parallel_tool_calls);
  if (choice !== undefined) request.toolChoice = choice;
}

/** Fields of years ago, which the provider would not read either. */
function refuseOld(value: unknown): void {
  const body = objectOf(value) ?? {};
  for (const name of ["functions", "function_call"]) {
    if (isGiven(body[name])) throw invalidField(name, "is no longer served. Use tools and tool_choice");
  }
}
