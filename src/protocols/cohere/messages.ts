import { type ContentPart, Role, type ToolResult } from "../../../gen/llmhub/v1/content_pb.ts";
import { type Turn, turnsOf } from "../../model/conversation.ts";
import { parseExactObject } from "../field.ts";
import { warnExtras, warnOptions } from "../part-extras.ts";
import type { Rendering } from "../rendering.ts";
import { dataOf, renderMedia, textOfDocument } from "./content.ts";
import { DocumentIds } from "./document-ids.ts";
import { type CohereBlock, type CohereCall, type CohereDocument, type CohereMessage, planSignature } from "./wire.ts";

/** A conversation, and the documents that were in it: the API takes them beside it. */
export interface Conversation {
  readonly messages: readonly CohereMessage[];
  readonly documents: readonly CohereDocument[];
  /** The caller wants citations of at least one document. */
  readonly isCitable: boolean;
}

/**
 * The conversation in the dialect's messages: system text first, one message per turn, but one per result in a turn of tool
 * results. Cache hints are left out without a warning, because the API caches prompts by itself. `inlines`: documents are
 * written into the messages as text.
 */
export function renderConversation(rendering: Rendering, inlines: boolean): Conversation {
  const writer = new ConversationWriter(rendering, inlines);
  for (const turn of turnsOf(rendering.request)) writer.add(turn);
  return writer;
}

class ConversationWriter implements Conversation {
  readonly documents: CohereDocument[] = [];
  isCitable = false;
  readonly #rendering: Rendering;
  readonly #inlines: boolean;
  readonly #ids: DocumentIds;
  readonly #system: CohereBlock[] = [];
  readonly #messages: CohereMessage[] = [];

  constructor(rendering: Rendering, inlines: boolean) {
    this.#rendering = rendering;
    this.#inlines = inlines;
    this.#ids = new DocumentIds(rendering.request);
  }

  get messages(): CohereMessage[] {
    return [...message("system", this.#system), ...this.#messages];
  }

  add(turn: Turn): void {
    const { role, content, path, name } = turn;
    if (name !== "") this.#rendering.ignored(`${path}.name`, "participants have no names here");
    switch (role) {
      case Role.TOOL:
        for (const [index, part] of content.entries()) this.#messages.push(this.#result(part, at(turn, index)));
        break;
      case Role.ASSISTANT:
        this.#messages.push(...this.#assistant(turn));
        break;
      case Role.SYSTEM:
        if (this.#messages.length > 0) this.#rendering.changed(path, "system messages are merged at the front");
        this.#system.push(...this.#blocks(turn));
        if (this.#system.some(({ type }) => type !== "text")) {
          throw this.#rendering.unsupported(path, "system_media", "a system message is text only");
        }
        break;
      default:
        this.#messages.push(...message("user", this.#blocks(turn)));
    }
  }

  #blocks(turn: Turn): CohereBlock[] {
    return turn.content.flatMap((part, index) => this.#block(part, at(turn, index)));
  }

  #block(content: ContentPart, path: string): CohereBlock[] {
    const { part } = content;
    warnExtras(content, path, this.#rendering);
    const options = this.#rendering.options(content.providerOptions);
    switch (part.case) {
      case "text":
      case "refusal":
        return part.value === "" ? [] : [{ type: "text", text: part.value, ...options }];
      case "media":
        return [{ ...renderMedia(part.value, `${path}.media`, this.#rendering), ...options }];
      case "document": {
        const place = `${path}.document`;
        const { citable } = part.value;
        warnOptions(content, path, this.#rendering);
        if (this.#inlines) {
          if (citable) this.#rendering.ignored(`${place}.citable`, "there are no citations in JSON");
          return [{ type: "text", text: textOfDocument(part.value, place, this.#rendering) }];
        }
        this.isCitable ||= citable;
        const data = dataOf(part.value, place, this.#rendering);
        this.documents.push({ id: this.#ids.sentFor(part.value), data });
        return [];
      }
      case "providerPart":
        this.#rendering.dropped(path, `a block of provider "${part.value.provider}" means nothing to the target`);
        return [];
      default:
        throw this.#rendering.invalid(path, `a part of kind ${part.case} does not belong in a message of this role`);
    }
  }

  #assistant(turn: Turn): CohereMessage[] {
    const blocks: CohereBlock[] = [];
    const calls: CohereCall[] = [];
    let plan = "";
    for (const [index, content] of turn.content.entries()) {
      const path = at(turn, index);
      const { part, signature } = content;
      if (part.case === "toolCall") calls.push(...this.#call(content, path));
      else if (part.case !== "reasoning") blocks.push(...this.#block(content, path));
      else if (signature === undefined || !this.#rendering.isOwn(signature.provider)) {
        this.#rendering.dropped(path, "reasoning goes back only to the provider it came from");
      } else if (signature.value === planSignature) plan += part.value.text;
      else if (part.value.text !== "") blocks.push({ type: "thinking", thinking: part.value.text });
    }
    if (blocks.some(({ type }) => type === "image_url")) {
      throw this.#rendering.unsupported(turn.path, "assistant_media", "the model's own messages have no pictures here");
    }
    const said = message("assistant", blocks);
    if (calls.length === 0 && plan === "") return said;
    return [
      {
        role: "assistant",
        ...said[0],
        ...(plan === "" ? {} : { tool_plan: plan }),
        ...(calls.length === 0 ? {} : { tool_calls: calls }),
      },
    ];
  }

  #call(content: ContentPart, path: string): CohereCall[] {
    if (content.part.case !== "toolCall") return [];
    const { id, name, argumentsJson, providerExecuted } = content.part.value;
    if (providerExecuted) {
      this.#rendering.dropped(path, "another provider ran this tool itself");
      return [];
    }
    warnExtras(content, path, this.#rendering);
    warnOptions(content, path, this.#rendering);
    return [{ id, type: "function", function: { name, arguments: argumentsJson || "{}" } }];
  }

  /** Results that are JSON objects go as documents: so the model can cite them. */
  #result(content: ContentPart, path: string): CohereMessage {
    if (content.part.case !== "toolResult") {
      throw this.#rendering.invalid(path, "a tool message holds tool results only");
    }
    const result: ToolResult = content.part.value;
    warnOptions(content, path, this.#rendering);
    if (result.isError) {
      this.#rendering.ignored(`${path}.tool_result.is_error`, "only the content can say that a tool failed");
    }
    const blocks = result.content.map(({ part }, index): CohereBlock => {
      const place = `${path}.tool_result.content[${index}]`;
      if (part.case === "document") {
        const data = dataOf(part.value, `${place}.document`, this.#rendering);
        return { type: "document", document: { id: this.#ids.sentFor(part.value), data } };
      }
      if (part.case === "media") {
        const block = renderMedia(part.value, `${place}.media`, this.#rendering);
        if (block.type === "text") return block;
        throw this.#rendering.unsupported(place, "tool_result_media", "a tool result has no pictures here");
      }
      const data = part.case === "json" ? parseExactObject(part.value) : undefined;
      return data === undefined ? { type: "text", text: part.value ?? "" } : { type: "document", document: { data } };
    });
    // Empty content is refused; an empty object is what a tool returns that returns nothing.
    return { role: "tool", tool_call_id: result.toolCallId, content: blocks.length === 0 ? "{}" : blocks };
  }
}

/** No message without content; a single plain text takes the short form. */
function message(role: CohereMessage["role"], blocks: readonly CohereBlock[]): CohereMessage[] {
  const [first] = blocks;
  if (first === undefined) return [];
  const isPlain = blocks.length === 1 && first.type === "text" && Object.keys(first).length === 2;
  return [{ role, content: isPlain ? String(first["text"]) : blocks }];
}

function at({ path }: Turn, index: number): string {
  return path.startsWith("messages") ? `${path}.content[${index}]` : path;
}
