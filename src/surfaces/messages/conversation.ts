import type { JsonObject } from "@bufbuild/protobuf";
import { type ChatMessage, type ContentPart, Role } from "../../../gen/llmhub/v1/content_pb.ts";
import { citationOf } from "../../protocols/messages/citation.ts";
import { family } from "../../protocols/messages/wire.ts";
import { isGiven } from "../body.ts";
import { marked, markWithin } from "../cache-mark.ts";
import { callOf, messageOf, partOf, reasoningOf, resultOf, textOf } from "../parts.ts";
import type { Sealed } from "../seal.ts";
import { documentOf, imageOf, isTold, resultParts, sourceIn, type ToldContent } from "./media.ts";
import { type KnownBlock, knownTypes, type PromptBody } from "./schema.ts";
import { unseal } from "./seal.ts";

type Message = PromptBody["messages"][number];
type Block = Exclude<Message["content"], string>[number];

/** The same places of the body with numbers as they were written. */
type Exact = (...path: readonly (string | number)[]) => unknown;

/** The conversation of a body, the system prompt first. Results of tools become messages of their own. */
export function messagesOf(body: PromptBody, exact: Exact): ChatMessage[] {
  const system = systemOf(body.system);
  return [
    ...(system === undefined ? [] : [system]),
    ...body.messages.flatMap((message, index) => read(message, (...path) => exact("messages", index, ...path))),
  ];
}

function systemOf(system: PromptBody["system"]): ChatMessage | undefined {
  if (system === undefined || system === null || system.length === 0) return undefined;
  if (typeof system === "string") return messageOf(Role.SYSTEM, [textOf(system)]);
  return messageOf(
    Role.SYSTEM,
    system.map(({ text, cache_control }) => textOf(text, marked(cache_control))),
  );
}

const roles = { user: Role.USER, assistant: Role.ASSISTANT, system: Role.SYSTEM } as const;

function read({ role, content }: Message, exact: Exact): ChatMessage[] {
  if (typeof content === "string") return [messageOf(roles[role], [textOf(content)])];
  const results: ContentPart[] = [];
  const parts: ContentPart[] = [];
  const signatures: Sealed[] = [];
  for (const [index, block] of content.entries()) {
    if (isKnown(block) && block.type === "tool_result" && isTold(block.content)) {
      results.push(resultPart(block, block.content));
    } else if (isKnown(block) && block.type === "text" && role === "assistant") parts.push(saidText(block));
    else if (isKnown(block) && block.type === "thinking") parts.push(...thoughtOf(block, signatures));
    else parts.push(partOfBlock(block, exact("content", index)));
  }
  for (const { callId, signature } of signatures) sign(parts, callId, signature);
  return [
    ...(results.length === 0 ? [] : [messageOf(Role.TOOL, results)]),
    ...(parts.length === 0 && results.length > 0
      ? []
      : [messageOf(roles[role], parts.length === 0 ? [textOf("")] : parts)]),
  ];
}

function partOfBlock(block: Block, exact: unknown): ContentPart {
  if (!isKnown(block)) return ownPart(block.type, exact);
  switch (block.type) {
    case "text":
      return textOf(block.text, marked(block.cache_control));
    case "image":
      return partOf(imageOf(block), marked(block.cache_control));
    case "document": {
      const part = partOf(documentOf(block), marked(block.cache_control));
      const { context } = block;
      if (isGiven(context) && sourceIn(context) === "") part.providerOptions[family] = { context };
      return part;
    }
    case "tool_use": {
      const { input } = exact as { input: unknown };
      return partOf(callOf(block.id, block.name, JSON.stringify(input)), marked(block.cache_control));
    }
    case "redacted_thinking": {
      const { signature, encrypted = block.data, part: own } = unseal(block.data);
      if (own !== undefined) return own;
      const isOwn = signature?.value === block.data;
      const part = reasoningOf("", { encryptedContent: encrypted });
      return partOf(part, { signature: isOwn && signature !== undefined ? { ...signature, value: "" } : signature });
    }
    default:
      return ownPart(block.type, exact);
  }
}

/** What the model said and cited; that goes along so that who cannot take it back says so. */
function saidText({ text, citations, cache_control }: Extract<KnownBlock, { type: "text" }>): ContentPart {
  const part = textOf(text, marked(cache_control));
  part.citations = (citations ?? []).map((citation) => citationOf(citation as JsonObject, []));
  return part;
}

/** The reasoning; none where the block only carries the signature of a call, which is noted. */
function thoughtOf(
  { thinking, signature }: Extract<KnownBlock, { type: "thinking" }>,
  signatures: Sealed[],
): ContentPart[] {
  const sealed = isGiven(signature) && signature !== "" ? unseal(signature) : {};
  if (sealed.callId !== undefined) {
    signatures.push(sealed);
    return [];
  }
  const { encrypted: encryptedContent = "", summary = false } = sealed;
  return [partOf(reasoningOf(thinking, { encryptedContent, summary }), { signature: sealed.signature })];
}

function sign(parts: readonly ContentPart[], callId: string | undefined, signature: Sealed["signature"]): void {
  const called = parts.find(({ part }) => part.case === "toolCall" && part.value.id === callId);
  if (called !== undefined && signature !== undefined) called.signature = signature;
}

function resultPart(block: Extract<KnownBlock, { type: "tool_result" }>, content: ToldContent): ContentPart {
  const { tool_use_id, is_error, cache_control } = block;
  const within = typeof content === "string" ? [] : (content ?? []);
  const mark = marked(cache_control ?? markWithin(within));
  return partOf(resultOf(tool_use_id, resultParts(content), is_error ?? false), mark);
}

/** A block that means something to Anthropic's own models only. */
function ownPart(kind: string, exact: unknown): ContentPart {
  const json = JSON.stringify(exact);
  return partOf({ case: "providerPart", value: { $typeName: "llmhub.v1.ProviderPart", provider: family, kind, json } });
}

function isKnown(block: Block): block is KnownBlock {
  return knownTypes.has(block.type);
}
