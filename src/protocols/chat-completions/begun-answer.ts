import type { AssistantMessage, ChatBody } from "./wire.ts";

/**
 * For servers that begin a new message unless they are told to go on with the last: the body with the answer that the caller
 * has begun marked so. The body itself where there is none.
 */
export function markBegun(body: ChatBody): ChatBody {
  const last = body.messages.at(-1);
  if (last?.role !== "assistant" || last.tool_calls !== undefined) return body;
  const begun: AssistantMessage = { ...last, prefix: true };
  return { ...body, messages: [...body.messages.slice(0, -1), begun] };
}
