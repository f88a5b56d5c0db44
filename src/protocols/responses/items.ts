import { type ContentPart, Role, type ToolResult } from "../../../gen/llmhub/v1/content_pb.ts";
import { type Turn, turnsOf } from "../../model/conversation.ts";
import { textOf } from "../field.ts";
import { contentOf, renderInput } from "./content.ts";
import { renderOwn, warnExtras } from "./own.ts";
import type { Rendering } from "./rendering.ts";
import { assistantItems } from "./said.ts";
import type { InputItem, InputPart } from "./wire.ts";

/** Types of a server's own parts that stand in a message; all others are items of their own. */
const partTypes: ReadonlySet<string> = new Set(["input_text", "input_image", "input_file"]);

/**
 * The conversation in the dialect's items. Instructions are messages of the role "system", wherever they stand. Cache hints
 * are left out without a warning, because servers of the dialect cache prompts by themselves. `isKept`: the server keeps
 * its answers, so that it knows items by their id.
 */
export function renderItems(rendering: Rendering, isKept: boolean): InputItem[] {
  return turnsOf(rendering.request).flatMap((turn) => {
    if (turn.name !== "") rendering.ignored(`${turn.path}.name`, "messages have no name in this dialect");
    if (turn.role === Role.TOOL) return turn.content.map((part, index) => output(part, at(turn, index), rendering));
    if (turn.role === Role.ASSISTANT) return assistantItems(turn, rendering, isKept);
    return promptItems(turn, rendering);
  });
}

/** Messages of the user, between which items of the server's own may stand, such as results of its own kinds of tools. */
function promptItems(turn: Turn, rendering: Rendering): InputItem[] {
  const role = turn.role === Role.SYSTEM ? "system" : "user";
  const items: InputItem[] = [];
  let parts: InputPart[] = [];
  const flush = () => {
    if (parts.length > 0) items.push({ role, content: contentOf(parts) });
    parts = [];
  };
  turn.content.forEach((given, index) => {
    const path = at(turn, index);
    const { part } = given;
    if (part.case === "providerPart") {
      const own = renderOwn(part.value, path, rendering);
      if (own === undefined) return;
      if (partTypes.has(textOf(own["type"]))) parts.push(own);
      else {
        flush();
        items.push(own);
      }
      return;
    }
    parts.push(promptPart(given, path, role === "system", rendering));
  });
  flush();
  return items;
}

function promptPart(given: ContentPart, path: string, isSystem: boolean, rendering: Rendering): InputPart {
  const rendered = renderInput(given.part, path, rendering);
  if (isSystem && rendered.type !== "input_text") {
    throw rendering.unsupported(path, "system_media", "instructions can only be text in this dialect");
  }
  warnExtras(given, path, rendering);
  return { ...rendered, ...rendering.options(given.providerOptions) };
}

function output(given: ContentPart, path: string, rendering: Rendering): InputItem {
  if (given.part.case !== "toolResult") throw rendering.invalid(path, "a tool message holds tool results only");
  const { toolCallId, content, isError }: ToolResult = given.part.value;
  if (isError) {
    rendering.ignored(`${path}.tool_result.is_error`, "only the content can say that a tool failed");
  }
  const parts = content.map(({ part }, index) => renderInput(part, `${path}.tool_result.content[${index}]`, rendering));
  const item = { type: "function_call_output", call_id: toolCallId, output: contentOf(parts) } as const;
  return { ...item, ...rendering.options(given.providerOptions) };
}

function at({ path }: Turn, index: number): string {
  return `${path}.content[${index}]`;
}
