import type { JsonObject } from "@bufbuild/protobuf";
import type { CompleteRequest, ReasoningOptions, ResponseFormat } from "../../../gen/llmhub/v1/completion_pb.ts";
import { family } from "../../protocols/messages/wire.ts";
import { isGiven, otherFields, placeIn, readBody } from "../body.ts";
import { setOwn } from "../own-fields.ts";
import { requestOf } from "../parts.ts";
import type { HttpRequest, JsonBody } from "../route.ts";
import { messagesOf } from "./conversation.ts";
import { countBody, messagesBody, messagesFields, ownFields, type PromptBody } from "./schema.ts";
import { choiceOf, toolsOf } from "./tools.ts";

/** A request of the surface. */
export interface MessagesRequest {
  readonly request: CompleteRequest;
  readonly stream: boolean;
}

/** Longest id of an end user that every provider takes. */
const endUserCharsMax = 256;

/** Reads a body of messages. Throws INVALID_REQUEST by the names of its fields. */
export function readMessages(body: JsonBody, headers: HttpRequest["headers"]): MessagesRequest {
  const read = readBody(messagesBody, body.value);
  const request = promptOf(read, body, headers);
  request.maxOutputTokens = read.max_tokens;
  request.stopSequences = read.stop_sequences ?? [];
  request.serviceTier = read.service_tier ?? "";
  if (isGiven(read.temperature)) request.temperature = read.temperature;
  if (isGiven(read.top_p)) request.topP = read.top_p;
  if (isGiven(read.top_k)) request.topK = read.top_k;
  const userId = read.metadata?.user_id ?? "";
  if (userId.length <= endUserCharsMax) request.endUserId = userId;
  else request.providerOptions[family] = { ...request.providerOptions[family], metadata: { user_id: userId } };
  return { request, stream: read.stream ?? false };
}

/** Reads a body of the count of tokens. */
export function readCount(body: JsonBody, headers: HttpRequest["headers"]): CompleteRequest {
  return promptOf(readBody(countBody, body.value), body, headers);
}

function promptOf(read: PromptBody, { exact }: JsonBody, headers: HttpRequest["headers"]): CompleteRequest {
  const at = (...path: readonly (string | number)[]) => placeIn(exact(), path);
  const request = requestOf(read.model, messagesOf(read, at), toolsOf(read.tools ?? [], at));
  const choice = choiceOf(read.tool_choice);
  if (choice !== undefined) request.toolChoice = choice;
  const reasoning = reasoningOf(read);
  if (reasoning !== undefined) request.reasoning = reasoning;
  if (isGiven(read.output_config?.format)) request.responseFormat = formatOf(at("output_config", "format", "schema"));
  const options = optionsOf(read as JsonObject, headers);
  if (options !== undefined) request.providerOptions[family] = options;
  setOwn(request, read.llmhub, ownFields);
  return request;
}

/** Fields that are not known here, and the beta features that the caller asks for. */
function optionsOf(body: JsonObject, headers: HttpRequest["headers"]): JsonObject | undefined {
  const others = otherFields(body, messagesFields);
  const beta = headers["anthropic-beta"];
  if (typeof beta !== "string" || beta === "") return others;
  return { ...others, anthropic_beta: beta.split(",").map((name) => name.trim()) };
}

function reasoningOf({ thinking, output_config }: PromptBody): ReasoningOptions | undefined {
  const effort = output_config?.effort ?? "";
  const none = { $typeName: "llmhub.v1.ReasoningOptions", effort, hideText: false } as const;
  if (!isGiven(thinking)) return effort === "" ? undefined : none;
  if (thinking.type === "disabled") return { ...none, effort: "none" };
  const hideText = thinking.display === "omitted";
  if (thinking.type === "adaptive") return { ...none, effort: effort === "" ? "high" : effort, hideText };
  return { ...none, budgetTokens: thinking.budget_tokens, hideText };
}

function formatOf(schema: unknown): ResponseFormat {
  const value = {
    $typeName: "llmhub.v1.JsonSchemaFormat",
    name: "",
    description: "",
    definition: { case: "schemaJson", value: JSON.stringify(schema) },
    strict: true,
  } as const;
  return { $typeName: "llmhub.v1.ResponseFormat", format: { case: "jsonSchema", value } };
}
