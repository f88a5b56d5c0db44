import type { JsonObject } from "@bufbuild/protobuf";
import type { CompleteResponse } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { ContentPart, PartSignature } from "../../../gen/llmhub/v1/content_pb.ts";
import {
  annotationsOf,
  callItem,
  type Item,
  ItemIds,
  messageItem,
  phaseOf,
  placeLogprobs,
  reasoningItem,
  signatureItem,
  textContent,
  wholeItem,
} from "./item.ts";

/**
 * The items of a whole answer: neighbouring texts and refusals are one message, which ends where a part is signed, and each
 * other part is an item. Signatures of calls and texts come last. A message at the end of an answer that is not complete says so.
 */
export function outputOf({ id, message, logprobs }: CompleteResponse, isIncomplete: boolean): Item[] {
  const output = new Output(new ItemIds(id));
  for (const part of message?.content ?? []) output.add(part);
  const items = output.end(isIncomplete);
  placeLogprobs(items, logprobs);
  return items;
}

class Output {
  readonly #ids: ItemIds;
  readonly #items: Item[] = [];
  readonly #signed: { readonly signature: PartSignature; readonly callId: string }[] = [];
  #message: ReturnType<typeof messageItem> | undefined;

  constructor(ids: ItemIds) {
    this.#ids = ids;
  }

  add(content: ContentPart): void {
    const { part, signature } = content;
    const index = this.#items.length;
    switch (part.case) {
      case "text": {
        const annotations = annotationsOf(content.citations, part.value);
        this.#say(textContent(part.value, annotations, []), signature);
        return;
      }
      case "refusal":
        this.#say({ type: "refusal", refusal: part.value }, signature);
        return;
      case "reasoning":
        this.#item(reasoningItem(this.#ids.at("rs", index), part.value.text, content));
        return;
      case "toolCall":
        if (part.value.providerExecuted) break;
        this.#item(callItem(this.#ids.at("fc", index), part.value, content, "completed"));
        if (signature !== undefined) this.#signed.push({ signature, callId: part.value.id });
        return;
    }
    this.#item(wholeItem(this.#ids, index, content));
  }

  end(isIncomplete: boolean): Item[] {
    if (isIncomplete && this.#message !== undefined) this.#message.status = "incomplete";
    for (const { signature, callId } of this.#signed) {
      this.#item(signatureItem(this.#ids.at("rs", this.#items.length), signature, callId));
    }
    return this.#items;
  }

  #item(item: Item): void {
    this.#message = undefined;
    this.#items.push(item);
  }

  #say(content: JsonObject, signature: PartSignature | undefined): void {
    let message = this.#message;
    if (message === undefined) {
      message = { ...messageItem(this.#ids.at("msg", this.#items.length)), status: "completed" };
      this.#items.push(message);
      this.#message = message;
    }
    message.content.push(content);
    if (signature === undefined) return;
    const phase = phaseOf(signature);
    if (phase === undefined) this.#signed.push({ signature, callId: message.id });
    else Object.assign(message, { phase });
    this.#message = undefined;
  }
}
