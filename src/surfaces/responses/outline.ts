import type { PartSignature } from "../../../gen/llmhub/v1/content_pb.ts";
import { type Item, ItemIds, messageItem, signatureItem } from "./item.ts";

/** A message on its way. */
export type Message = ReturnType<typeof messageItem>;

/** The items of a streamed answer as they begin and end, and the numbers of its events. */
export class Outline {
  #ids = new ItemIds("");
  #sequence = 0;
  /** Items that are complete, by their place; `#count` are those that have begun. */
  readonly #output: Item[] = [];
  #count = 0;
  /** By index of part. */
  readonly #signed: { readonly signature: PartSignature; readonly callId: string }[] = [];
  /** The message that texts belong to, and where it stands. */
  #message: { readonly item: Message; readonly output_index: number } | undefined;

  get ids(): ItemIds {
    return this.#ids;
  }

  /** Place of the item that begins next. */
  get next(): number {
    return this.#count;
  }

  /** Items that are complete. */
  get output(): readonly Item[] {
    return this.#output.filter((item) => item !== undefined);
  }

  /** @param id that of the answer. */
  begin(id: string): void {
    this.#ids = new ItemIds(id);
  }

  /** The number of an event. */
  number(): number {
    return this.#sequence++;
  }

  event(type: string, fields: object): string {
    return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: this.#sequence++, ...fields })}\n\n`;
  }

  /** The message that takes the next text, with the events of its beginning if it begins now. */
  message(): { readonly item: Message; readonly output_index: number; readonly begun: string } {
    const open = this.#message;
    if (open !== undefined) return { ...open, begun: "" };
    const output_index = this.#count++;
    const item = messageItem(this.#ids.at("msg", output_index));
    this.#message = { item, output_index };
    return { item, output_index, begun: this.event("response.output_item.added", { output_index, item }) };
  }

  /** Begins an item; it ends the message before it. */
  add(item: Item): string {
    const ended = this.endMessage("completed");
    return ended + this.event("response.output_item.added", { output_index: this.#count++, item });
  }

  /** An item is complete. */
  done(output_index: number, item: Item): string {
    this.#output[output_index] = item;
    return this.event("response.output_item.done", { output_index, item });
  }

  /** An item that comes whole. */
  whole(item: Item): string {
    const begun = this.add(item);
    return begun + this.done(this.#count - 1, item);
  }

  /** Keeps the signature of the part of this index, which belongs to the call or message of this id, for the end. */
  sign(index: number, signature: PartSignature, callId: string): void {
    this.#signed[index] = { signature, callId };
  }

  /** Ends the message and tells the signatures in the order of their parts. */
  finish(status: "completed" | "incomplete"): string {
    let out = this.endMessage(status);
    // A list with holes, which this passes over.
    this.#signed.forEach(({ signature, callId }) => {
      out += this.whole(signatureItem(this.#ids.at("rs", this.#count), signature, callId));
    });
    return out;
  }

  endMessage(status: "completed" | "incomplete"): string {
    const message = this.#message;
    if (message === undefined) return "";
    this.#message = undefined;
    message.item.status = status;
    return this.done(message.output_index, message.item);
  }
}
