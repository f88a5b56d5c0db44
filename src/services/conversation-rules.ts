import type { CompleteRequest } from "../../gen/llmhub/v1/completion_pb.ts";
import { type ChatMessage, type ContentPart, Role } from "../../gen/llmhub/v1/content_pb.ts";
import { type Tool, ToolMode } from "../../gen/llmhub/v1/tool_pb.ts";
import { type FieldViolation, invalidRequest } from "./bad-request.ts";

/** Violations after which the search ends: the error holds no more. */
const violationsMax = 20;

/**
 * The rules of a completion that look at more than one field and therefore stand in comments of the proto files: parts
 * fit the role of their message, results answer calls, names and ids are unique, a chosen tool exists. Throws
 * INVALID_REQUEST. `path` is where the request sits in a larger one: "request". A pass over a request that is right
 * allocates nothing unless it holds tools or tool calls.
 */
export function checkConversation(request: CompleteRequest, path = ""): void {
  const violations: FieldViolation[] = [];
  const prefix = path === "" ? "" : `${path}.`;
  checkMessages(request.messages, `${prefix}messages`, violations);
  if (request.tools.length > 0) checkTools(request.tools, `${prefix}tools`, violations);
  checkChoice(request, `${prefix}tool_choice`, violations);
  if (violations.length > 0) throw invalidRequest(violations);
}

function checkMessages(messages: readonly ChatMessage[], path: string, out: FieldViolation[]): void {
  let callIds: Set<string> | undefined;
  for (const [index, message] of messages.entries()) {
    if (message.role === Role.TOOL && message.text !== "") {
      out.push(violation(`${path}[${index}].text`, "tool_message.results_only", "must be a tool_result in content"));
    }
    for (const [position, part] of message.content.entries()) {
      if (out.length >= violationsMax) return;
      const misplaced = misplacement(message.role, part);
      if (misplaced !== undefined) out.push({ ...misplaced, field: `${path}[${index}].content[${position}].${misplaced.field}` });
      if (part.part.case === "toolCall") {
        callIds ??= new Set();
        const { id } = part.part.value;
        if (callIds.has(id) && id !== "") out.push(duplicateCall(`${path}[${index}].content[${position}].tool_call.id`));
        callIds.add(id);
      }
      if (part.part.case === "toolResult" && !callIds?.has(part.part.value.toolCallId)) {
        out.push(unaskedResult(`${path}[${index}].content[${position}].tool_result.tool_call_id`));
      }
    }
  }
}
