import type { CompleteRequest } from "../../../gen/llmhub/v1/completion_pb.ts";
import { type ChatMessage, type ContentPart, Role } from "../../../gen/llmhub/v1/content_pb.ts";
import type { LossReport } from "./loss-report.ts";

/** The request with refusals of the model as text of it: a field for them is OpenAI's own, and strict servers refuse it. */
export function refusalsAsText(request: CompleteRequest): CompleteRequest {
  if (!request.messages.some(({ content }) => content.some(isRefusal))) return request;
  return { ...request, messages: request.messages.map(withoutRefusal) };
}

function isRefusal({ part }: ContentPart): boolean {
  return part.case === "refusal";
}

function withoutRefusal(message: ChatMessage): ChatMessage {
  if (!message.content.some(isRefusal)) return message;
  const content = message.content.map((given): ContentPart => {
    const { part } = given;
    return part.case === "refusal" ? { ...given, part: { case: "text", value: part.value } } : given;
  });
  return { ...message, content };
}

/** The request without names of participants, with a warning. Messages of tools have none in the dialect anyway. */
export function withoutNames(request: CompleteRequest, losses: LossReport): CompleteRequest {
  if (request.messages.every(({ name }) => name === "")) return request;
  const messages = request.messages.map((message, index) => {
    if (message.name === "" || message.role === Role.TOOL) return message;
    losses.ignored(`messages[${index}].name`, "messages have no name at this provider");
    return { ...message, name: "" };
  });
  return { ...request, messages };
}
