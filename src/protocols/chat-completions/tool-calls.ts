import type { CompleteRequest } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Chunk } from "../../model/chunk.ts";
import type { PartWriter } from "../part-writer.ts";
import { badResponse } from "./bad-response.ts";
import { type ChatCallDelta, isObject } from "./wire.ts";

/** A call that has begun. */
interface OpenCall {
  readonly id: string;
  /** Index of its part. */
  readonly part: number;
}

/**
 * Puts the fragments of tool calls together. They belong together by index; servers that leave the index out are followed
 * by id, and those that give neither continue their latest call. Another id with a name at a used index begins a new call.
 */
export class ToolCalls {
  readonly #request: CompleteRequest;
  readonly #writer: PartWriter;
  readonly #byIndex = new Map<number, OpenCall>();
  readonly #byId = new Map<string, OpenCall>();
  #latest: OpenCall | undefined;
  #made = 0;

  constructor(request: CompleteRequest, writer: PartWriter) {
    this.#request = request;
    this.#writer = writer;
  }

  /** Whether the model has called a tool. */
  get any(): boolean {
    return this.#latest !== undefined;
  }

  /** A fragment out of a stream. */
  grow(delta: unknown, out: Chunk[]): void {
    if (!isObject<ChatCallDelta>(delta)) return;
    const { name, text } = functionOf(delta);
    const id = typeof delta.id === "string" ? delta.id : "";
    const index = typeof delta.index === "number" ? delta.index : undefined;
    const known = this.#find(index, id, name);
    const isOther = known !== undefined && id !== "" && name !== "" && known.id !== id;
    if (isOther) this.#writer.closeTool(known.part, out);
    const call = known === undefined || isOther ? this.#begin(index, id, name, out) : known;
    this.#writer.arguments(call.part, text, out);
  }

  /** A call of a whole answer, where every entry of the list is a call of its own. */
  whole(call: unknown, out: Chunk[]): void {
    if (!isObject<ChatCallDelta>(call)) return;
    const { name, text } = functionOf(call);
    const { part } = this.#begin(undefined, typeof call.id === "string" ? call.id : "", name, out);
    this.#writer.arguments(part, text, out);
  }

  #find(index: number | undefined, id: string, name: string): OpenCall | undefined {
    if (index !== undefined) return this.#byIndex.get(index);
    if (id !== "") return this.#byId.get(id);
    return name === "" ? this.#latest : undefined;
  }

  #begin(index: number | undefined, given: string, name: string, out: Chunk[]): OpenCall {
    if (name === "") throw badResponse("tool_call_without_name", "began a tool call without a name");
    const id = given === "" ? this.#makeId() : given;
    const call = { id, part: this.#writer.tool(id, name, out) };
    if (index !== undefined) this.#byIndex.set(index, call);
    this.#byId.set(id, call);
    this.#latest = call;
    return call;
  }

  /** Counts on from the calls of the conversation, so that an id made in an earlier turn does not come again. */
  #makeId(): string {
    let earlier = 0;
    for (const { content } of this.#request.messages) {
      for (const { part } of content) if (part.case === "toolCall") earlier++;
    }
    return `call_${earlier + this.#made++}`;
  }
}

function functionOf({ function: said }: ChatCallDelta): { name: string; text: string } {
  if (!isObject<{ name?: unknown; arguments?: unknown }>(said)) return { name: "", text: "" };
  const { name, arguments: text } = said;
  return {
    name: typeof name === "string" ? name : "",
    // A server may give the arguments as an object.
    text: typeof text === "string" ? text : isObject(text) ? JSON.stringify(text) : "",
  };
}
