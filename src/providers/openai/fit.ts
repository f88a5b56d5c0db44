import type { CompleteRequest, ResponseFormat } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { ChatMessage, ContentPart } from "../../../gen/llmhub/v1/content_pb.ts";
import type { ModelFacts } from "../../model/target.ts";
import { idDigest } from "../../protocols/call-ids.ts";
import type { Rendering } from "../../protocols/rendering.ts";
import { withCallIds } from "../call-ids.ts";

/** Limits of OpenAI's API reference, beyond which it refuses the whole request. */
const callIdCharsMax = 40;
const nameCharsMax = 64;

/** Settings that models refuse while they reason. */
const samplingFields = [
  ["temperature", "temperature"],
  ["topP", "top_p"],
  ["frequencyPenalty", "frequency_penalty"],
  ["presencePenalty", "presence_penalty"],
  ["topLogprobs", "top_logprobs"],
] as const;

/** The request within the limits of OpenAI's API and of this model, itself where it is; whatever the caller can notice gives a warning. */
export function fitRequest(request: CompleteRequest, facts: ModelFacts, losses: Rendering): CompleteRequest {
  const { messages, responseFormat } = request;
  let fit = request;
  if (messages.some(hasLimits)) {
    fit = { ...fit, messages: messages.map((message, index) => fitMessage(message, index, losses)) };
  }
  if (responseFormat !== undefined) fit = { ...fit, responseFormat: fitFormat(responseFormat, losses) };
  return fitReasoning(fit, facts, losses);
}

/** Without what the model refuses, where it is known whether the model reasons. */
function fitReasoning(request: CompleteRequest, { features }: ModelFacts, losses: Rendering): CompleteRequest {
  const { reasoning } = request;
  const effort = reasoning?.effort ?? "";
  if (features.has("reasoning")) return effort === "none" ? request : withoutSampling(request, losses);
  if (features.size === 0 || reasoning === undefined || effort === "") return request;
  if (effort !== "none") losses.warn("SETTING_IGNORED", "reasoning.effort", "the model does not reason");
  return { ...request, reasoning: { ...reasoning, effort: "" } };
}

function withoutSampling(request: CompleteRequest, losses: Rendering): CompleteRequest {
  const refused = samplingFields.filter(([field]) => request[field] !== undefined);
  if (refused.length === 0) return request;
  const fit = { ...request };
  for (const [field, path] of refused) {
    delete fit[field];
    losses.warn("SETTING_IGNORED", path, `the model takes no ${path} while it reasons`);
  }
  return fit;
}

function fitFormat(given: ResponseFormat, losses: Rendering): ResponseFormat {
  const { format } = given;
  if (format.case !== "jsonSchema") return given;
  const name = fitName(format.value.name, "schema", "response_format.json_schema.name", losses);
  return { ...given, format: { case: "jsonSchema", value: { ...format.value, name } } };
}

/** Something in the message has a limit, as in few. */
function hasLimits({ name, content }: ChatMessage): boolean {
  return name !== "" || content.some(isOfTool);
}

/** The message itself where nothing in it has a limit. */
function fitMessage(message: ChatMessage, index: number, losses: Rendering): ChatMessage {
  if (!hasLimits(message)) return message;
  const path = `messages[${index}]`;
  const fit = withCallIds(message, fitId);
  return {
    ...fit,
    name: fitName(message.name, "participant", `${path}.name`, losses),
    content: fit.content.map((part, at) => fitToolName(part, `${path}.content[${at}]`, losses)),
  };
}

function isOfTool({ part }: ContentPart): boolean {
  return part.case === "toolCall" || part.case === "toolResult";
}

function fitToolName(given: ContentPart, path: string, losses: Rendering): ContentPart {
  const { part } = given;
  if (part.case !== "toolCall") return given;
  const name = fitName(part.value.name, "tool", `${path}.tool_call.name`, losses);
  return { ...given, part: { case: "toolCall", value: { ...part.value, name } } };
}

/** Ids of other providers can be longer. */
function fitId(id: string): string {
  return id.length <= callIdCharsMax ? id : `call_${idDigest(id, 32)}`;
}

function fitName(name: string, owner: string, path: string, losses: Rendering): string {
  const fit = name.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, nameCharsMax);
  if (fit === name) return name;
  const rule = `the name of a ${owner} has at most ${nameCharsMax} letters, digits, _ and -`;
  losses.warn("SETTING_CHANGED", path, `${rule}; others became _`);
  return fit;
}
