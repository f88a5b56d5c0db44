import type { JsonObject } from "@bufbuild/protobuf";
import type { CompleteRequest, ReasoningOptions } from "../../../gen/llmhub/v1/completion_pb.ts";
import { family } from "../../protocols/responses/wire.ts";
import { invalidField, isGiven, otherFields, placeIn, readBody } from "../body.ts";
import { labelsOf } from "../labels.ts";
import { setOwn } from "../own-fields.ts";
import { requestOf } from "../parts.ts";
import type { JsonBody } from "../route.ts";
import { messagesOf } from "./input.ts";
import { ownFields, type ResponsesBody, responsesBody, responsesFields } from "./schema.ts";
import { choiceOf, formatOf, toolsOf } from "./tools.ts";

/** A request of the surface. */
export interface ResponsesRequest {
  readonly request: CompleteRequest;
  /** As it came: answers repeat parts of it. */
  readonly body: ResponsesBody;
}

const reasoningFields: ReadonlySet<string> = new Set(["effort", "summary", "generate_summary"]);
const textFields: ReadonlySet<string> = new Set(["format", "verbosity"]);

/** What answers have anyway, and what is asked for by a field of the hub. */
const includedAnyway: ReadonlySet<string> = new Set(["reasoning.encrypted_content", "message.output_text.logprobs"]);

/** Reads a body of Responses. Throws INVALID_REQUEST by the names of its fields. */
export function readResponses({ value, exact }: JsonBody): ResponsesRequest {
  const body = readBody(responsesBody, value);
  refuseStored(body);
  const messages = messagesOf(body, () => placeIn(exact(), ["input"]));
  const request = requestOf(body.model, messages, toolsOf(body, exact));
  request.labels = labelsOf(body.metadata ?? {});
  request.endUserId = body.safety_identifier ?? body.user ?? "";
  request.serviceTier = body.service_tier ?? "";
  setSampling(request, body);
  const choice = choiceOf(body);
  if (choice !== undefined) request.toolChoice = choice;
  const format = formatOf(body, exact);
  if (format !== undefined) request.responseFormat = format;
  const reasoning = reasoningOf(body);
  if (reasoning !== undefined) request.reasoning = reasoning;
  const options = optionsOf(body);
  if (Object.keys(options).length > 0) request.providerOptions[family] = options;
  setOwn(request, body.llmhub, ownFields);
  return { request, body };
}

/** What needs answers to be kept. `store` itself may be said: clients send it by themselves, and the answer says how it is. */
function refuseStored({ previous_response_id, conversation, background }: ResponsesBody): void {
  const instead = "is not served, because answers are not stored. Send the whole conversation as items of input";
  if (isGiven(previous_response_id)) throw invalidField("previous_response_id", instead, "unsupported");
  if (isGiven(conversation)) throw invalidField("conversation", instead, "unsupported");
  if (background === true) {
    throw invalidField("background", "is not served, because answers are not stored. Use stream", "unsupported");
  }
}

function setSampling(request: CompleteRequest, body: ResponsesBody): void {
  const { max_output_tokens, temperature, top_p, top_logprobs, include } = body;
  if (isGiven(max_output_tokens)) request.maxOutputTokens = max_output_tokens;
  if (isGiven(temperature)) request.temperature = temperature;
  if (isGiven(top_p)) request.topP = top_p;
  const isProbable = include?.includes("message.output_text.logprobs") ?? false;
  if (isProbable || (top_logprobs ?? 0) > 0) request.topLogprobs = top_logprobs ?? 0;
}

/** Reasoning stays unseen unless a summary is asked for, as it does at OpenAI. */
function reasoningOf({ reasoning }: ResponsesBody): ReasoningOptions | undefined {
  if (!isGiven(reasoning)) return undefined;
  const { effort, summary, generate_summary } = reasoning;
  const hideText = !isGiven(summary ?? generate_summary);
  return { $typeName: "llmhub.v1.ReasoningOptions", effort: effort ?? "", hideText };
}

/** Fields that are not known here, and those that have no place among the hub's own. */
function optionsOf(body: ResponsesBody): JsonObject {
  const { text, truncation, include, reasoning } = body;
  const more = (include ?? []).filter((name) => !includedAnyway.has(name));
  const moreText = otherFields((text ?? {}) as JsonObject, textFields);
  const moreReasoning = otherFields((reasoning ?? {}) as JsonObject, reasoningFields);
  return {
    ...otherFields(body as JsonObject, responsesFields),
    ...(isGiven(text?.verbosity) ? { verbosity: text.verbosity } : {}),
    ...(moreText === undefined ? {} : { text: moreText }),
    ...(moreReasoning === undefined ? {} : { reasoning: moreReasoning }),
    ...(truncation === "auto" ? { truncation } : {}),
    ...(more.length > 0 ? { include: more } : {}),
  };
}
