import type { CompleteRequest } from "../../../gen/llmhub/v1/completion_pb.ts";
import { type ChatMessage as Given, Role } from "../../../gen/llmhub/v1/content_pb.ts";
import type { ChatMessage } from "./wire.ts";

/** The dialect's messages of a conversation in which every message is one text and nothing else; undefined for any other. */
export function textMessages(request: CompleteRequest): readonly ChatMessage[] | undefined {
  const { system, messages, input } = request;
  const rendered: ChatMessage[] = [];
  if (system !== "") rendered.push({ role: "system", content: system });
  for (const given of messages) {
    const content = onlyTextOf(given);
    if (content === undefined) return undefined;
    const role = roleOf(given.role);
    rendered.push(given.name === "" ? { role, content } : { role, content, name: given.name });
  }
  if (input !== "") rendered.push({ role: "user", content: input });
  return rendered;
}

function onlyTextOf({ role, content, text }: Given): string | undefined {
  if (role === Role.TOOL || content.length > 1) return undefined;
  const [only] = content;
  if (only === undefined) return text;
  if (only.part.case !== "text" || only.signature !== undefined || only.citations.length > 0) return undefined;
  for (const _provider in only.providerOptions) return undefined;
  return only.part.value;
}

function roleOf(role: Role): "system" | "assistant" | "user" {
  if (role === Role.SYSTEM) return "system";
  return role === Role.ASSISTANT ? "assistant" : "user";
}
