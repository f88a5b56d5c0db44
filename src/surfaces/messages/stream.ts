import type { JsonObject } from "@bufbuild/protobuf";
import type {
  PartDelta,
  PartFinished,
  PartStarted,
  StreamFinished,
  StreamStarted,
} from "../../../gen/llmhub/v1/completion_pb.ts";
import type { ContentPart } from "../../../gen/llmhub/v1/content_pb.ts";
import type { Usage } from "../../../gen/llmhub/v1/usage_pb.ts";
import type { Chunk } from "../../model/chunk.ts";
import { stopReasonOf } from "../../protocols/messages/stop-reason.ts";
import { seal } from "../seal.ts";
import type { EventWriter } from "../written-events.ts";
import { type Block, blocksOf, signatureBlock, usageOf } from "./answer.ts";
import type { Citations } from "./citations.ts";

/** A part on its way. */
interface Open {
  /** Position of its block among the blocks. */
  readonly index: number;
  readonly part: ContentPart;
}

/** Batches of chunks in, text of events out. A delta of text costs no object. */
export class MessageEvents implements EventWriter {
  begun: StreamStarted | undefined;
  readonly #citations: Citations;
  readonly #open = new Map<number, Open>();
  /**
   * Parts of which nothing has been told: of reasoning it is not known yet whether it has a text or comes encrypted, of what
   * does not grow whether it is signed.
   */
  readonly #silent = new Map<number, ContentPart>();
  #blocks = 0;
  #usage: Usage | undefined;
  /** How a delta of text of the part that was last begun begins. */
  #textPart = -1;
  #textHead = "";

  constructor(citations: Citations) {
    this.#citations = citations;
  }

  write(batch: readonly Chunk[]): string {
    let out = "";
    for (const chunk of batch) {
      switch (chunk.case) {
        case "partDelta":
          out += this.#grown(chunk.value);
          break;
        case "started":
          out += this.#started(chunk.value);
          break;
        case "partStarted":
          out += this.#begun(chunk.value);
          break;
        case "partFinished":
          out += this.#closed(chunk.value);
          break;
        case "usage":
          this.#usage = chunk.value.usage;
          break;
        case "finished":
          out += this.#finished(chunk.value);
          break;
        case "heartbeat":
          out += 'event: ping\ndata: {"type":"ping"}\n\n';
          break;
      }
    }
    return out;
  }

  #started(started: StreamStarted): string {
    this.begun = started;
    const { id, routing } = started;
    const message = {
      id,
      type: "message",
      role: "assistant",
      model: routing?.model ?? "",
      content: [],
      stop_reason: null,
      stop_sequence: null,
      // What is known of tokens comes with the end, as totals.
      usage: usageOf(undefined),
    };
    return event("message_start", { message });
  }

  #begun({ index, part }: PartStarted): string {
    if (part === undefined) return "";
    switch (part.part.case) {
      case "text":
      case "refusal":
        this.#take(index, part);
        return this.#start(index, { type: "text", text: "" }) + this.#said(index, part.part.value);
      case "reasoning":
        this.#silent.set(index, part);
        return this.#thought(index, part.part.value.text);
      case "toolCall": {
        const { id, name, argumentsJson, providerExecuted } = part.part.value;
        if (providerExecuted) return "";
        this.#take(index, part);
        return this.#start(index, { type: "tool_use", id, name, input: {} }) + this.#argued(index, argumentsJson);
      }
      default:
        this.#silent.set(index, part);
        return "";
    }
  }

  #thought(index: number, thinking: string): string {
    if (thinking === "") return "";
    const silent = this.#silent.get(index);
    let begun = "";
    if (silent !== undefined) {
      this.#silent.delete(index);
      this.#take(index, silent);
      begun = this.#start(index, { type: "thinking", thinking: "", signature: "" });
    }
    return begun + this.#delta(index, { type: "thinking_delta", thinking });
  }

  #grown({ index, delta }: PartDelta): string {
    switch (delta.case) {
      case "text":
      case "refusal":
        return this.#said(index, delta.value);
      case "reasoning":
        return this.#thought(index, delta.value);
      case "argumentsJson":
        return this.#argued(index, delta.value);
      case "citation":
        return this.#citations
          .locationsOf(delta.value)
          .map((citation) => this.#delta(index, { type: "citations_delta", citation }))
          .join("");
      default:
        return "";
    }
  }

  #said(index: number, text: string): string {
    if (text === "") return "";
    if (this.#textPart !== index) {
      const open = this.#open.get(index);
      if (open === undefined) return "";
      this.#textPart = index;
      const head = { type: "content_block_delta", index: open.index, delta: { type: "text_delta", text: "" } };
      this.#textHead = `event: content_block_delta\ndata: ${JSON.stringify(head).slice(0, -4)}`;
    }
    return `${this.#textHead}${JSON.stringify(text)}}}\n\n`;
  }

  #argued(index: number, piece: string): string {
    return piece === "" ? "" : this.#delta(index, { type: "input_json_delta", partial_json: piece });
  }

  #closed({ index, signature, encryptedContent }: PartFinished): string {
    const silent = this.#silent.get(index);
    if (silent !== undefined) return this.#unsaid(silent, signature, encryptedContent);
    const open = this.#open.get(index);
    if (open === undefined) return "";
    this.#open.delete(index);
    const { part } = open.part;
    const signed = signature ?? open.part.signature;
    const stop = event("content_block_stop", { index: open.index });
    if (part.case === "toolCall") {
      return stop + (signed === undefined ? "" : this.#whole([signatureBlock({ signature: signed }, part.value.id)]));
    }
    if (part.case !== "reasoning") return stop;
    const encrypted = encryptedContent || part.value.encryptedContent;
    if (signed === undefined && encrypted === "") return stop;
    const sealed = seal({ signature: signed, encrypted, summary: part.value.summary });
    const delta = { type: "signature_delta", signature: sealed };
    return event("content_block_delta", { index: open.index, delta }) + stop;
  }

  /** Reasoning without a text, and parts that do not grow. */
  #unsaid(content: ContentPart, signature: ContentPart["signature"], encryptedContent: string): string {
    const { part } = content;
    const closed = signature === undefined ? { ...content } : { ...content, signature };
    if (part.case === "reasoning" && encryptedContent !== "") {
      closed.part = { case: part.case, value: { ...part.value, encryptedContent } };
    }
    return this.#whole(blocksOf(closed, this.#citations));
  }

  #finished({ finishReason, stopSequence, usage }: StreamFinished): string {
    const delta = {
      stop_reason: stopReasonOf(finishReason),
      stop_sequence: stopSequence === "" ? null : stopSequence,
    };
    return event("message_delta", { delta, usage: usageOf(usage ?? this.#usage) }) + event("message_stop", {});
  }

  #take(index: number, part: ContentPart): void {
    this.#open.set(index, { index: this.#blocks++, part });
  }

  #start(index: number, block: Block): string {
    return event("content_block_start", { index: this.#open.get(index)?.index ?? 0, content_block: block });
  }

  #delta(index: number, delta: JsonObject): string {
    const open = this.#open.get(index);
    return open === undefined ? "" : event("content_block_delta", { index: open.index, delta });
  }

  /** Blocks that do not grow. */
  #whole(blocks: readonly Block[]): string {
    return blocks
      .map((block) => {
        const index = this.#blocks++;
        return event("content_block_start", { index, content_block: block }) + event("content_block_stop", { index });
      })
      .join("");
  }
}

function event(type: string, rest: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;
}
