import type { CompleteRequest } from "../../gen/llmhub/v1/completion_pb.ts";
import { type ChatMessage, type ContentPart, Role } from "../../gen/llmhub/v1/content_pb.ts";

/** A message without shorthands: its role is given and its content is a list. */
export interface Turn {
  /** Never ROLE_UNSPECIFIED. */
  readonly role: Role;
  readonly content: readonly ContentPart[];
  readonly name: string;
  /** Path in the request, for errors and warnings: "messages[3]". */
  readonly path: string;
}

/** The conversation with the shorthands `system`, `input` and ChatMessage.text written out, in order. */
export function turnsOf(request: CompleteRequest): Turn[] {
  const turns: Turn[] = [];
  if (request.system !== "") turns.push(textTurn(Role.SYSTEM, request.system, "system"));
  request.messages.forEach((message, index) => {
    turns.push(turnOf(message, `messages[${index}]`));
  });
  if (request.input !== "") turns.push(textTurn(Role.USER, request.input, "input"));
  return turns;
}

function turnOf({ role, content, text, name }: ChatMessage, path: string): Turn {
  return {
    role: role === Role.UNSPECIFIED ? Role.USER : role,
    content: content.length > 0 ? content : [textPart(text)],
    name,
    path,
  };
}

function textTurn(role: Turn["role"], text: string, path: string): Turn {
  return { role, content: [textPart(text)], name: "", path };
}

function textPart(text: string): ContentPart {
  const part = { case: "text", value: text } as const;
  return { $typeName: "llmhub.v1.ContentPart", part, citations: [], providerOptions: {} };
}
