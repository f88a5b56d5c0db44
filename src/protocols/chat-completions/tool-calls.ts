import type { PartSignature } from "../../../gen/llmhub/v1/content_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { Chunk } from "../../model/chunk.ts";
import { badResponse, partsMax, tooManyParts } from "../bad-response.ts";
import { CallIds } from "../call-ids.ts";
import type { PartWriter } from "../part-writer.ts";
import { echoSignature } from "./echo.ts";
import { type ChatCallDelta, isObject } from "./wire.ts";

/** A call that has begun. */
interface OpenCall {
  /** The server's id, by which its fragments are found; empty where it gives none. */
  given: string;
  /** Index of its part; undefined until the server has told the name. */
  part: number | undefined;
  /** Arguments that came before the name. */
  held: string;
  signature: PartSignature | undefined;
}

/** A fragment of a call. */
interface Fragment {
  readonly index: number | undefined;
  readonly id: string;
  readonly name: string;
  readonly text: string;
  readonly signature: PartSignature | undefined;
}

/**
 * Puts the fragments of tool calls together. They belong together by index; servers that leave the index out are followed
 * by id, and those that give neither continue their latest call. Another id with a name at a used index begins a new call.
 * Ids are the server's as long as they are unique in the conversation, which servers do not promise; others are made here.
 */
export class ToolCalls {
  readonly #ids: CallIds;
  readonly #provider: string;
  readonly #writer: PartWriter;
  readonly #byIndex = new Map<number, OpenCall>();
  readonly #byId = new Map<string, OpenCall>();
  #latest: OpenCall | undefined;
  /** Calls that wait for their name. */
  #nameless = 0;

  constructor({ call, target }: Attempt, writer: PartWriter) {
    this.#ids = new CallIds(call.request);
    this.#provider = target.provider.id;
    this.#writer = writer;
  }

  /** Whether the model has called a tool. */
  get any(): boolean {
    return this.#latest !== undefined;
  }

  /** A fragment out of a stream. */
  grow(delta: unknown, out: Chunk[]): void {
    if (!isObject<ChatCallDelta>(delta)) return;
    const fragment = this.#fragmentOf(delta);
    const known = this.#find(fragment);
    if (known === undefined || isOther(known, fragment)) {
      if (known?.part !== undefined) this.#writer.closeTool(known.part, out);
      this.#add(this.#begin(fragment), fragment, out);
    } else this.#add(known, fragment, out);
  }

  /** A call of a whole answer, where every entry of the list is a call of its own. */
  whole(call: unknown, out: Chunk[]): void {
    if (!isObject<ChatCallDelta>(call)) return;
    const fragment = { ...this.#fragmentOf(call), index: undefined };
    this.#add(this.#begin(fragment), fragment, out);
  }

  /** The answer is complete. Throws where a call never got its name. */
  finish(): void {
    if (this.#nameless > 0) throw badResponse("tool_call_without_name", "sent a tool call without a name");
  }

  #fragmentOf({ index, id, function: said, extra_content }: ChatCallDelta): Fragment {
    const { name, arguments: text } = isObject<{ name?: unknown; arguments?: unknown }>(said) ? said : {};
    return {
      index: typeof index === "number" ? index : undefined,
      id: typeof id === "string" ? id : "",
      name: typeof name === "string" ? name : "",
      // A server may give the arguments as an object.
      text: typeof text === "string" ? text : isObject(text) ? JSON.stringify(text) : "",
      signature: isObject<Record<string, never>>(extra_content)
        ? echoSignature({ extra_content }, this.#provider)
        : undefined,
    };
  }

  #find({ index, id, name }: Fragment): OpenCall | undefined {
    if (index !== undefined) return this.#byIndex.get(index);
    if (id !== "") return this.#byId.get(id);
    return name === "" ? this.#latest : undefined;
  }

  #begin({ index, id }: Fragment): OpenCall {
    if (this.#writer.count + this.#nameless >= partsMax) throw tooManyParts();
    const call: OpenCall = { given: id, part: undefined, held: "", signature: undefined };
    if (index !== undefined) this.#byIndex.set(index, call);
    if (id !== "") this.#byId.set(id, call);
    this.#latest = call;
    this.#nameless++;
    return call;
  }

  #add(call: OpenCall, { id, name, text, signature }: Fragment, out: Chunk[]): void {
    if (call.given === "") call.given = id;
    call.signature ??= signature;
    if (call.part === undefined && name === "") {
      call.held += text;
      return;
    }
    if (call.part === undefined) {
      call.part = this.#writer.tool(this.#ids.next(call.given), name, out);
      this.#nameless--;
      this.#writer.arguments(call.part, call.held, out);
    }
    this.#writer.arguments(call.part, text, out);
    if (call.signature !== undefined) this.#writer.endTool(call.part, { signature: call.signature });
  }
}

function isOther({ given, part }: OpenCall, { id, name }: Fragment): boolean {
  const isUnmarked = part === undefined && given === "";
  return id !== "" && name !== "" && given !== id && !isUnmarked;
}
