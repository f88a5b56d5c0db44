import { create, type JsonObject } from "@bufbuild/protobuf";
import { type ContentPart, ContentPartSchema } from "../../../gen/llmhub/v1/content_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { Chunk } from "../../model/chunk.ts";
import { badResponse, partsMax, tooManyParts } from "../bad-response.ts";
import { CallIds } from "../call-ids.ts";
import { objectOf, pieceOf, positionOf, textOf } from "../field.ts";
import { readLogprobs } from "../logprobs.ts";
import { PartWriter, type TextKind } from "../part-writer.ts";
import { citationOf } from "./citation.ts";
import { signatureOf } from "./echo.ts";
import { OpenItem, objectsIn, rawSection } from "./open-item.ts";
import { countUse } from "./usage.ts";

/** Items that ask the caller for something, as calls of functions do. */
const awaited: ReadonlySet<string> = new Set([
  "apply_patch_call",
  "computer_call",
  "custom_tool_call",
  "local_shell_call",
  "mcp_approval_request",
  "shell_call",
]);

/**
 * Turns items of the output into parts: text and refusals of a message, a call, each summary or text of reasoning, and
 * whole what has no common form. What an event tells in pieces is not told again when the item, or the response, comes
 * whole; what no event told is taken from there.
 */
export class Output {
  /** Uses of tools that the provider charges for. */
  readonly uses: Record<string, number> = {};
  isRefused = false;
  /** The model waits for what a tool returns. */
  isCalling = false;
  readonly #provider: string;
  readonly #isTextHidden: boolean;
  readonly #writer = new PartWriter();
  readonly #ids: CallIds;
  readonly #items = new Map<number, OpenItem>();
  /** The item and section whose text is open. */
  #current: OpenItem | undefined;
  #section = 0;

  constructor({ call, target }: Attempt) {
    this.#provider = target.provider.id;
    this.#isTextHidden = call.request.reasoning?.hideText ?? false;
    this.#ids = new CallIds(call.request);
  }

  /** An item begins. */
  start(event: JsonObject, out: Chunk[]): void {
    const item = objectOf(event["item"]) ?? {};
    const open = this.#open(indexOf(event), item);
    this.#close(out);
    if (open.type === "function_call" && textOf(item["name"]) !== "") this.#call(open, item, out);
  }

  /** More of the words of a message. Hot path. */
  grow(kind: TextKind, event: JsonObject, out: Chunk[]): void {
    const item = this.#items.get(indexOf(event)) ?? this.#open(indexOf(event), { type: "message" });
    this.#say(item, positionOf(event["content_index"]) ?? 0, kind, event["delta"], event["logprobs"], out);
  }

  /** More of a summary of reasoning, or of reasoning itself. */
  think(event: JsonObject, isSummary: boolean, out: Chunk[]): void {
    const item = this.#open(indexOf(event), { type: "reasoning", id: event["item_id"] ?? "" });
    const index = positionOf(event[isSummary ? "summary_index" : "content_index"]) ?? 0;
    this.#reason(item, isSummary ? index : rawSection(index), event["delta"], out);
  }

  /** More of the arguments of a call. */
  argue(event: JsonObject, out: Chunk[]): void {
    const item = this.#open(indexOf(event), { type: "function_call" });
    const fragment = pieceOf(event["delta"]);
    if (item.part === undefined) item.held += fragment;
    else this.#writer.arguments(item.part, fragment, out);
    item.isGrown ||= fragment !== "";
  }

  /** A source of the words of a message. */
  cite(event: JsonObject, out: Chunk[]): void {
    const item = this.#open(indexOf(event), { type: "message" });
    const section = positionOf(event["content_index"]) ?? 0;
    this.#enter(item, section, out);
    this.#cite(item, section, event["annotation"], out);
  }

  /** A part of a message is complete. */
  endContent(event: JsonObject, out: Chunk[]): void {
    const part = objectOf(event["part"]) ?? {};
    if (part["type"] !== "output_text" && part["type"] !== "refusal") return;
    const item = this.#open(indexOf(event), { type: "message" });
    this.#endContent(item, positionOf(event["content_index"]) ?? 0, part, out);
  }

  /** An item is complete. */
  endItem(event: JsonObject, out: Chunk[]): void {
    const item = objectOf(event["item"]);
    if (item === undefined) throw badResponse("no_item", "sent an event that lacks its item");
    this.end(indexOf(event), item, out);
  }

  /** Takes an item as it is in the end, unless that was done before. */
  end(index: number, item: JsonObject, out: Chunk[]): void {
    const open = this.#open(index, item);
    if (open.isDone) return;
    open.isDone = true;
    const type = textOf(item["type"]);
    if (type === "message") {
      for (const [section, part] of objectsIn(item["content"]).entries()) this.#endContent(open, section, part, out);
    } else if (type === "reasoning") this.#endReasoning(open, item, out);
    else if (type === "function_call") this.#endCall(open, item, out);
    else this.#own(type, item, out);
    this.#limit();
  }

  /** Ends every part. */
  finish(out: Chunk[]): void {
    for (const { type, part } of this.#items.values()) {
      if (type === "function_call" && part === undefined) throw nameless();
    }
    this.#close(out);
    this.#writer.closeAll(out);
  }

  #open(index: number, item: JsonObject): OpenItem {
    let open = this.#items.get(index);
    if (open === undefined) {
      if (this.#items.size === partsMax) throw tooManyParts();
      open = new OpenItem(item);
      this.#items.set(index, open);
    }
    return open;
  }

  #limit(): void {
    if (this.#writer.count > partsMax) throw tooManyParts();
  }

  /** Makes a section the one whose text is open. */
  #enter(item: OpenItem, section: number, out: Chunk[]): void {
    if (this.#current === item && this.#section === section) return;
    this.#close(out);
    this.#current = item;
    this.#section = section;
    this.#limit();
    if (item.type !== "reasoning") return;
    this.#writer.markSummary(section >= 0);
    this.#writer.signReasoning(signatureOf({ id: item.id }, this.#provider));
  }

  #close(out: Chunk[]): void {
    const item = this.#current;
    this.#current = undefined;
    if (item === undefined) return;
    const isSigned = item.phase !== "" && item.section(this.#section).isGrown;
    this.#writer.close(out, isSigned ? { signature: signatureOf({ phase: item.phase }, this.#provider) } : undefined);
  }

  #say(item: OpenItem, section: number, kind: TextKind, text: unknown, logprobs: unknown, out: Chunk[]): void {
    const piece = pieceOf(text);
    if (piece === "") return;
    this.#enter(item, section, out);
    item.section(section).isGrown = true;
    if (kind === "refusal") this.isRefused = true;
    this.#writer.text(kind, piece, out, readLogprobs(logprobs));
  }

  #cite(item: OpenItem, section: number, annotation: unknown, out: Chunk[]): void {
    const known = item.section(section);
    known.cited++;
    const citation = citationOf(objectOf(annotation) ?? {});
    if (citation === undefined) return;
    known.isGrown = true;
    this.#writer.citation(citation, out);
  }

  #endContent(item: OpenItem, section: number, part: JsonObject, out: Chunk[]): void {
    const known = item.section(section);
    if (known.isDone) return;
    known.isDone = true;
    const isText = part["type"] === "output_text";
    if (!known.isGrown) {
      this.#say(item, section, isText ? "text" : "refusal", part[isText ? "text" : "refusal"], part["logprobs"], out);
    }
    const untold = objectsIn(part["annotations"]).slice(known.cited);
    if (untold.length > 0) this.#enter(item, section, out);
    for (const annotation of untold) this.#cite(item, section, annotation, out);
    if (this.#current === item) this.#close(out);
  }

  #reason(item: OpenItem, section: number, text: unknown, out: Chunk[]): void {
    const piece = pieceOf(text);
    if (piece === "") return;
    item.section(section).isGrown = true;
    if (!this.#isTextHidden) {
      this.#enter(item, section, out);
      this.#writer.text("reasoning", piece, out);
    } else if (section < 0) item.hidden += piece;
  }

  /** What the server wants back is told at the end of the last part, or of one without text where there is none. */
  #endReasoning(open: OpenItem, { summary, content, encrypted_content }: JsonObject, out: Chunk[]): void {
    const texts = [
      ...objectsIn(summary).map(({ text }, index) => ({ section: index, text })),
      ...objectsIn(content).map(({ text }, index) => ({ section: rawSection(index), text })),
    ];
    for (const { section, text } of texts) {
      if (!open.section(section).isGrown) this.#reason(open, section, text, out);
    }
    const encryptedContent = textOf(encrypted_content);
    if (encryptedContent !== "" || open.hidden !== "") {
      if (this.#current !== open) this.#enter(open, rawSection(0), out);
      const echo = open.hidden === "" ? { id: open.id } : { id: open.id, hidden: open.hidden };
      this.#writer.close(out, { signature: signatureOf(echo, this.#provider), encryptedContent });
    }
    this.#close(out);
  }

  #call(open: OpenItem, item: JsonObject, out: Chunk[]): number {
    this.#close(out);
    this.isCalling = true;
    const id = this.#ids.next(textOf(item["call_id"]));
    const part = this.#writer.tool(id, textOf(item["name"]), out, this.#extrasOf(item));
    open.part = part;
    this.#limit();
    return part;
  }

  #endCall(open: OpenItem, item: JsonObject, out: Chunk[]): void {
    if (open.part === undefined && textOf(item["name"]) === "") throw nameless();
    const part = open.part ?? this.#call(open, item, out);
    this.#writer.arguments(part, open.isGrown ? open.held : textOf(item["arguments"]), out);
    this.#writer.closeTool(part, out);
  }

  /** A call may belong to a group of tools, or be made by code that the provider runs: both go back with it. */
  #extrasOf({ namespace, caller }: JsonObject): Partial<Pick<ContentPart, "providerOptions">> {
    const by = objectOf(caller);
    const extras = {
      ...(textOf(namespace) === "" ? {} : { namespace: textOf(namespace) }),
      ...(by === undefined || by["type"] === "direct" ? {} : { caller: by }),
    };
    return Object.keys(extras).length === 0 ? {} : { providerOptions: { [this.#provider]: extras } };
  }

  #own(type: string, item: JsonObject, out: Chunk[]): void {
    if (type === "") throw badResponse("bad_item", "sent an item without a type");
    this.#close(out);
    countUse(item, this.uses);
    this.isCalling ||= awaited.has(type);
    const value = { provider: this.#provider, kind: type, json: JSON.stringify(item) };
    this.#writer.whole(create(ContentPartSchema, { part: { case: "providerPart", value } }), out);
  }
}

function indexOf(event: JsonObject): number {
  return positionOf(event["output_index"]) ?? 0;
}

function nameless() {
  return badResponse("tool_call_without_name", "sent a tool call without a name");
}
