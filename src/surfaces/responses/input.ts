import type { JsonObject } from "@bufbuild/protobuf";
import { type ChatMessage, type ContentPart, Role } from "../../../gen/llmhub/v1/content_pb.ts";
import { textOf as wordOf } from "../../protocols/field.ts";
import { signatureOf } from "../../protocols/responses/echo.ts";
import { family } from "../../protocols/responses/wire.ts";
import { invalidField } from "../body.ts";
import { callOf, mediaAt, messageOf, partOf, reasoningOf, resultOf, textOf } from "../parts.ts";
import { opened, type Sealed } from "../seal.ts";
import { inputParts, promptParts, saidParts } from "./content.ts";
import { imageIds } from "./item.ts";
import type { InputItem, KnownItem, MessageItem, ResponsesBody } from "./schema.ts";

type ItemOf<Type extends KnownItem["type"]> = Extract<KnownItem, { type: Type }>;

const roles = { user: Role.USER, assistant: Role.ASSISTANT, system: Role.SYSTEM, developer: Role.SYSTEM } as const;

/**
 * The conversation of a body, its instructions first. Neighbouring items of the model are one message, but for two
 * messages, and so are neighbouring results. `exact` is the input with numbers as they were written. Throws INVALID_REQUEST by the path of the
 * item, among others for a result whose call is not there and for items that would have to be stored.
 */
export function messagesOf({ input, instructions }: ResponsesBody, exact: () => unknown): ChatMessage[] {
  const conversation = new Conversation();
  if (typeof instructions === "string" && instructions !== "") conversation.add(Role.SYSTEM, [textOf(instructions)]);
  if (typeof input === "string") conversation.add(Role.USER, [textOf(input)]);
  else
    for (const [index, item] of input.entries()) {
      conversation.take(item, `input[${index}]`, () => (exact() as JsonObject[])[index] ?? {});
    }
  return conversation.messages;
}

/** Items on their way into messages. */
class Conversation {
  readonly messages: ChatMessage[] = [];
  /** Parts that a signature may come for, by the id of their call or item. */
  readonly #signable = new Map<string, ContentPart>();
  readonly #callIds = new Set<string>();
  /** The last item was a message of the model. */
  #isMessage = false;

  /** `isNew`: a message that follows another stays apart from it. */
  add(role: Role, parts: ContentPart[], isNew = false): void {
    const last = this.messages.at(-1);
    const isJoined = last?.role === role && (role === Role.ASSISTANT || role === Role.TOOL);
    if (isJoined && !isNew) last.content.push(...parts);
    else this.messages.push(messageOf(role, parts));
    this.#isMessage = false;
  }

  take(item: InputItem, path: string, exact: () => JsonObject): void {
    if (isMessage(item)) this.#message(item, path);
    else if (item.type === "function_call") this.#call(item as ItemOf<"function_call">);
    else if (item.type === "function_call_output") this.#result(item as ItemOf<"function_call_output">, path);
    else if (item.type === "reasoning") this.#reasoning(item as ItemOf<"reasoning">);
    else this.#own(wordOf(item.type), path, exact());
  }

  #message(item: MessageItem, path: string): void {
    if (item.role !== "assistant") {
      const parts = promptParts(item.content, `${path}.content`);
      this.add(roles[item.role], parts.length === 0 ? [textOf("")] : parts);
      return;
    }
    const parts = saidParts(item.content);
    const last = parts.at(-1);
    if (last !== undefined && typeof item.id === "string") this.#signable.set(item.id, last);
    if (typeof item.phase === "string") {
      for (const part of parts) part.signature = signatureOf({ phase: item.phase }, family);
    }
    this.add(Role.ASSISTANT, parts.length === 0 ? [textOf("")] : parts, this.#isMessage);
    this.#isMessage = true;
  }

  #call({ call_id, name, arguments: argumentsJson, namespace, caller }: ItemOf<"function_call">): void {
    const part = partOf(callOf(call_id, name, argumentsJson));
    const extras = { ...(namespace ? { namespace } : {}), ...(caller ? { caller } : {}) } as JsonObject;
    if (Object.keys(extras).length > 0) part.providerOptions[family] = extras;
    this.#signable.set(call_id, part);
    this.#callIds.add(call_id);
    this.add(Role.ASSISTANT, [part]);
  }

  #result({ call_id, output }: ItemOf<"function_call_output">, path: string): void {
    if (!this.#callIds.has(call_id)) {
      throw invalidField(`${path}.call_id`, "must be that of a function_call before it. Send the calls along as items");
    }
    this.add(Role.TOOL, [partOf(resultOf(call_id, inputParts(output, `${path}.output`)))]);
  }

  /** Reasoning, or what this API has no other form for: see `sealedItem`. */
  #reasoning(item: ItemOf<"reasoning">): void {
    const sealed = opened(item.encrypted_content ?? "");
    if (sealed === undefined) this.add(Role.ASSISTANT, ownReasoning(item));
    else if (sealed.part !== undefined) this.add(Role.ASSISTANT, [sealed.part]);
    else if (sealed.callId === undefined) this.add(Role.ASSISTANT, [reasoningPart(item, sealed)]);
    else {
      const signed = this.#signable.get(sealed.callId);
      if (signed !== undefined && sealed.signature !== undefined) signed.signature = sealed.signature;
    }
  }

  #own(kind: string, path: string, exact: JsonObject): void {
    if (kind === "item_reference") {
      throw invalidField(
        path,
        "refers to an item, and answers are not stored. Send the item itself, with store: false",
      );
    }
    const { id, result, output_format } = exact;
    if (kind === "image_generation_call" && imageIds.test(wordOf(id))) {
      const uri = `data:image/${wordOf(output_format) || "png"};base64,${wordOf(result)}`;
      this.add(Role.ASSISTANT, [partOf(mediaAt(uri))]);
      return;
    }
    const value = { $typeName: "llmhub.v1.ProviderPart", provider: family, kind, json: JSON.stringify(exact) } as const;
    const role = /_output$|^mcp_approval_response$/.test(kind) ? Role.USER : Role.ASSISTANT;
    this.add(role, [partOf({ case: "providerPart", value })]);
  }
}

function isMessage(item: InputItem): item is MessageItem {
  return item.type === undefined || item.type === null || item.type === "message";
}

function reasoningPart({ summary, content }: ItemOf<"reasoning">, sealed: Sealed): ContentPart {
  const text = [...(summary ?? []), ...(content ?? [])].map((piece) => piece.text).join("");
  const { encrypted: encryptedContent = "", summary: isSummary = false, signature } = sealed;
  return partOf(reasoningOf(text, { encryptedContent, summary: isSummary }), { signature });
}

/** An item of OpenAI's own making: a part for each of its texts, what is encrypted with the last. */
function ownReasoning({ id, summary, content, encrypted_content }: ItemOf<"reasoning">): ContentPart[] {
  const signature = signatureOf({ id: id ?? "" }, family);
  const texts = [
    ...(summary ?? []).map(({ text }) => ({ text, summary: true })),
    ...(content ?? []).map(({ text }) => ({ text, summary: false })),
  ];
  if (texts.length === 0) texts.push({ text: "", summary: false });
  return texts.map(({ text, summary: isSummary }, index) => {
    const encryptedContent = index === texts.length - 1 ? (encrypted_content ?? "") : "";
    return partOf(reasoningOf(text, { summary: isSummary, encryptedContent }), { signature });
  });
}
