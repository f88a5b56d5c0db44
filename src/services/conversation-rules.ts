import type { CompleteRequest } from "../../gen/llmhub/v1/completion_pb.ts";
import { type ChatMessage, type ContentPart, Role } from "../../gen/llmhub/v1/content_pb.ts";
import { type Tool, ToolMode } from "../../gen/llmhub/v1/tool_pb.ts";
import { type FieldViolation, invalidRequest } from "./bad-request.ts";

/** Violations after which the search ends: the error holds no more. */
const violationsMax = 20;

/**
 * The rules of a completion that look at more than one field and therefore stand as comments in the proto files: there
 * is something to answer, parts fit the role of their message, results answer earlier calls, ids and names are unique, a chosen tool exists. Throws
 * INVALID_REQUEST. `parent` is where the request sits in a larger one: "request".
 */
export function checkConversation(request: CompleteRequest, parent = ""): void {
  const found: FieldViolation[] = [];
  if (request.messages.length === 0 && request.input === "") found.push(inputRequired);
  findInMessages(request.messages, found);
  findInTools(request, found);
  if (found.length === 0) return;
  const prefix = parent === "" ? "" : `${parent}.`;
  throw invalidRequest(found.map((violation) => ({ ...violation, field: prefix + violation.field })));
}

function findInMessages(messages: readonly ChatMessage[], found: FieldViolation[]): void {
  const callIds = new Set<string>();
  for (let index = 0; index < messages.length && found.length < violationsMax; index++) {
    findInMessage(messages[index] as ChatMessage, index, callIds, found);
  }
}

function findInMessage(
  { role, text, content }: ChatMessage,
  index: number,
  callIds: Set<string>,
  found: FieldViolation[],
): void {
  if (role === Role.TOOL && text !== "") found.push({ ...resultsOnly, field: `messages[${index}].text` });
  for (let position = 0; position < content.length && found.length < violationsMax; position++) {
    const part = content[position] as ContentPart;
    const violation = partViolation(role, part, callIds) ?? citationViolation(role, part);
    if (part.part.case === "toolCall") callIds.add(part.part.value.id);
    if (violation === undefined) continue;
    found.push({ ...violation, field: `messages[${index}].content[${position}].${violation.field}` });
  }
}

/** Fields of these are relative to the part. `callIds` are those of the parts before. */
function partViolation(role: Role, { part }: ContentPart, callIds: ReadonlySet<string>): FieldViolation | undefined {
  if (role === Role.TOOL && part.case !== "toolResult") return { ...resultsOnly, field: fieldOf(part.case) };
  switch (part.case) {
    case "toolResult":
      if (role !== Role.TOOL) return toolMessagesOnly;
      return callIds.has(part.value.toolCallId) ? undefined : callRequired;
    case "toolCall":
      if (role !== Role.ASSISTANT) return { ...assistantOnly, field: "tool_call" };
      return part.value.id !== "" && callIds.has(part.value.id) ? callIdUnique : undefined;
    case "reasoning":
    case "refusal":
      return role === Role.ASSISTANT ? undefined : { ...assistantOnly, field: part.case };
    default:
      return undefined;
  }
}

function citationViolation(role: Role, { part, citations }: ContentPart): FieldViolation | undefined {
  return citations.length === 0 || (role === Role.ASSISTANT && part.case === "text") ? undefined : citedTextOnly;
}

function findInTools({ tools, toolChoice }: CompleteRequest, found: FieldViolation[]): void {
  if (tools.length === 0 && toolChoice === undefined) return;
  const names = new Set<string>();
  for (const [index, tool] of tools.entries()) {
    const name = nameOf(tool);
    if (names.has(name)) found.push({ ...toolNameUnique, field: `tools[${index}]` });
    names.add(name);
  }
  const choice = toolChoice?.choice;
  // A tool of a provider can have a name that only its dialect knows, which then checks the choice.
  const isOpen = tools.some(({ kind }) => kind.case === "providerTool");
  if (choice?.case === "toolName" && !isOpen && !names.has(choice.value)) found.push(chosenToolRequired);
  if (choice?.case === "mode" && choice.value === ToolMode.REQUIRED && tools.length === 0) found.push(toolsRequired);
}

/** The name under which the model calls a tool. */
function nameOf({ kind }: Tool): string {
  if (kind.case === "function") return kind.value.name;
  if (kind.case === "providerTool") return kind.value.name || kind.value.id.slice(kind.value.id.indexOf(".") + 1);
  return "";
}

function fieldOf(part: ContentPart["part"]["case"]): string {
  return part === undefined ? "part" : part.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

const inputRequired: FieldViolation = {
  field: "messages",
  reason: "input_required",
  description: "one of messages or input is required",
};
const resultsOnly = {
  reason: "tool_message.results_only",
  description: "does not belong in a tool message. All its parts must be tool_result",
};
const assistantOnly = {
  reason: "part.assistant_only",
  description: "belongs in assistant messages only. Set role to ROLE_ASSISTANT",
};
const toolMessagesOnly: FieldViolation = {
  field: "tool_result",
  reason: "part.tool_only",
  description: "belongs in tool messages only. Set role to ROLE_TOOL",
};
const callRequired: FieldViolation = {
  field: "tool_result.tool_call_id",
  reason: "tool_result.call_required",
  description: "must be the id of a tool_call in an earlier message",
};
const callIdUnique: FieldViolation = {
  field: "tool_call.id",
  reason: "tool_call.id_unique",
  description: "must be unique in the conversation",
};
const citedTextOnly: FieldViolation = {
  field: "citations",
  reason: "citations.assistant_text_only",
  description: "belong to text parts of assistant messages only",
};
const toolNameUnique = {
  reason: "tool.name_unique",
  description: "must have a name that no tool before it has",
};
const chosenToolRequired: FieldViolation = {
  field: "tool_choice.tool_name",
  reason: "tool_choice.tool_required",
  description: "must be the name of one of tools",
};
const toolsRequired: FieldViolation = {
  field: "tool_choice.mode",
  reason: "tool_choice.tools_required",
  description: "needs at least one entry in tools",
};
