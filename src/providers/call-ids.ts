import type { ChatMessage, ContentPart } from "../../gen/llmhub/v1/content_pb.ts";

/** The message with the ids of tool calls, and of their results, made to fit; itself where it has none. */
export function withCallIds(message: ChatMessage, fitId: (id: string) => string): ChatMessage {
  if (!message.content.some(({ part }) => part.case === "toolCall" || part.case === "toolResult")) return message;
  return { ...message, content: message.content.map((part) => fitPart(part, fitId)) };
}

function fitPart(given: ContentPart, fitId: (id: string) => string): ContentPart {
  const { part } = given;
  if (part.case === "toolCall") {
    return { ...given, part: { case: part.case, value: { ...part.value, id: fitId(part.value.id) } } };
  }
  if (part.case !== "toolResult") return given;
  const toolCallId = fitId(part.value.toolCallId);
  return { ...given, part: { case: part.case, value: { ...part.value, toolCallId } } };
}
