import type { ContentPart, ToolCall, ToolResult } from "../../../gen/llmhub/v1/content_pb.ts";
import { type Entry, type Group, groupsOf } from "../groups.ts";
import { renderDocument, renderMedia } from "../messages/media.ts";
import type { Rendering } from "../messages/rendering.ts";
import type { Block } from "../messages/wire.ts";

/** What the model reads. */
export interface Prompt {
  readonly system: string;
  /** Of the one message that the program takes. */
  readonly content: readonly Block[];
}

/** Around a transcript. Its tags are not escaped in what stands between them: the caller wrote all of it. */
const opening = "The conversation so far:\n";
const closing = "\nThe next message of the user, which is to be answered now:\n";

/**
 * The conversation as one message of the user, for the program takes no other. Earlier turns come before the last one as
 * a transcript, with their media in place.
 */
export function promptOf(rendering: Rendering): Prompt {
  const { system, groups, moved, named } = groupsOf(rendering.request);
  for (const path of moved) rendering.changed(path, "system messages are merged at the front");
  for (const path of named) rendering.ignored(`${path}.name`, "participants have no names here");
  const last = groups.at(-1);
  if (last?.role === "assistant") {
    const path = last.entries[0]?.path ?? "messages";
    throw rendering.unsupported(path, "prefill", "the program cannot go on with an answer that was begun for it");
  }
  const question = last === undefined ? [] : blocksOf(last, rendering);
  if (question.length === 0) throw rendering.invalid("messages", "the last message must have content of the user");
  const earlier = groups.slice(0, -1);
  if (earlier.length > 0) {
    rendering.changed("messages", "the program takes one message: earlier turns are sent as a transcript");
  }
  const transcript = earlier.flatMap((group) => turnOf(group, rendering));
  const content =
    earlier.length === 0 ? question : [textBlock(opening), ...transcript, textBlock(closing), ...question];
  return { system: systemOf(system, rendering), content: joined(content).map((block) => harmless(block, rendering)) };
}

function systemOf(entries: readonly Entry[], rendering: Rendering): string {
  const texts = entries.map(({ part: { part, cacheHint }, path }) => {
    if (part.case !== "text") throw rendering.unsupported(path, "system_media", "a system message is text only");
    if (cacheHint !== undefined) ignoreHint(path, rendering);
    return part.value;
  });
  return texts.filter((text) => text !== "").join("\n\n");
}

function turnOf(group: Group, rendering: Rendering): Block[] {
  return [textBlock(`<${group.role}>\n`), ...blocksOf(group, rendering), textBlock(`\n</${group.role}>\n`)];
}

function blocksOf({ entries }: Group, rendering: Rendering): Block[] {
  return entries.flatMap(({ part, path }) => {
    if (part.cacheHint !== undefined) ignoreHint(path, rendering);
    if (part.citations.length > 0) {
      rendering.dropped(`${path}.citations`, "citations of earlier answers are not sent back");
    }
    for (const name of Object.keys(rendering.options(part.providerOptions))) {
      rendering.ignored(`${path}.provider_options.${name}`, "the program has no such option");
    }
    return blocksOfPart(part, path, rendering);
  });
}

function blocksOfPart({ part }: ContentPart, path: string, rendering: Rendering): Block[] {
  switch (part.case) {
    case "text":
    case "refusal":
      return textsOf(part.value, path, rendering);
    case "media":
      return [mediaBlock(part.value, path, rendering)];
    case "document":
      return [documentBlock(part.value, path, rendering)];
    case "toolCall":
      return [textBlock(callText(part.value))];
    case "toolResult":
      return resultBlocks(part.value, path, rendering);
    case "reasoning":
      rendering.dropped(path, "the program takes no reasoning back");
      return [];
    case "providerPart":
      rendering.dropped(path, "the program takes no blocks of a provider");
      return [];
    default:
      return [];
  }
}

function textsOf(text: string, path: string, rendering: Rendering): Block[] {
  if (text.trim() !== "") return [textBlock(text)];
  if (text !== "") rendering.dropped(path, "text of nothing but white space is refused");
  return [];
}

function mediaBlock(media: Parameters<typeof renderMedia>[0], path: string, rendering: Rendering): Block {
  if (media.source.case === "providerFile") {
    throw rendering.unsupported(
      `${path}.media.provider_file`,
      "provider_file",
      "the program reaches no uploaded files",
    );
  }
  return renderMedia(media, path, rendering);
}

function documentBlock(document: Parameters<typeof renderDocument>[0], path: string, rendering: Rendering): Block {
  const { body } = document;
  if (body.case === "media") mediaBlock(body.value, `${path}.document`, rendering);
  return renderDocument(document, path, rendering);
}

function callText({ name, argumentsJson }: ToolCall): string {
  return `<tool_call name=${JSON.stringify(name)}>\n${argumentsJson}\n</tool_call>`;
}

function resultBlocks({ content, isError }: ToolResult, path: string, rendering: Rendering): Block[] {
  const inner = content.flatMap(({ part }, index): Block[] => {
    const place = `${path}.tool_result.content[${index}]`;
    if (part.case === "media") return [mediaBlock(part.value, place, rendering)];
    if (part.case === "document") return [documentBlock(part.value, place, rendering)];
    return textsOf(part.value ?? "", place, rendering);
  });
  const head = isError ? '<tool_result error="true">\n' : "<tool_result>\n";
  return [textBlock(head), ...inner, textBlock("\n</tool_result>\n")];
}

function ignoreHint(path: string, rendering: Rendering): void {
  rendering.ignored(`${path}.cache_hint`, "the program decides itself what is cached");
}

function textBlock(text: string): Block {
  return { type: "text", text };
}

/** Neighbouring texts as one block. */
function joined(blocks: readonly Block[]): Block[] {
  const all: Block[] = [];
  for (const block of blocks) {
    const last = all.at(-1);
    if (last?.type === "text" && block.type === "text")
      all[all.length - 1] = textBlock(`${last["text"]}${block["text"]}`);
    else all.push(block);
  }
  return all;
}

/** The program takes text that begins with "/" for one of its own commands; a blank before it makes it text. */
function harmless(block: Block, rendering: Rendering): Block {
  const { text } = block;
  if (typeof text !== "string" || !text.startsWith("/")) return block;
  rendering.changed("messages", 'a blank is put before text that begins with "/", which would be a command');
  return textBlock(` ${text}`);
}
