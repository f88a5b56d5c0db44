import type { PartDelta, PartFinished, StreamFinished } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { ContentPart } from "../../../gen/llmhub/v1/content_pb.ts";
import type { Usage } from "../../../gen/llmhub/v1/usage_pb.ts";
import type { Chunk } from "../../model/chunk.ts";
import { CodePoints } from "../../model/code-points.ts";
import { annotationOf, audioOf, finishReasonOf, imageOf, logprobOf } from "./answer.ts";
import { detailOf, extraContent } from "./echoed.ts";

/** What all pieces of one stream say around their choice, as JSON text. */
export interface Frame {
  /** `data: {"id":"…","choices":[{"index":` */
  readonly head: string;
  /** `}],"usage":null}` and an empty line; without the usage where nobody asked for it. */
  readonly tail: string;
}

/** A part that grows, and where its text begins in the text of the message. */
interface Growing {
  readonly part: ContentPart;
  readonly offset: number;
  /** So far, or since its last source. */
  text: string;
  /** The text up to its last source. */
  told?: CodePoints;
}

/** The pieces of one choice: batches of chunks in, text of events out. A delta of text costs no object. */
export class ChoicePieces {
  /** Known when the choice has ended. */
  usage: Usage | undefined;
  readonly #frame: Frame;
  readonly #index: number;
  readonly #textHead: string;
  readonly #textTail: string;
  readonly #parts = new Map<number, Growing>();
  /** Position among the tool calls, by the index of the part. */
  readonly #calls = new Map<number, number>();
  #textLength = 0;
  #hasRefusal = false;

  constructor(frame: Frame, index: number) {
    this.#frame = frame;
    this.#index = index;
    this.#textHead = `${frame.head}${index},"delta":{"content":`;
    this.#textTail = `},"logprobs":null,"finish_reason":null${frame.tail}`;
  }

  /** The piece before all others. */
  opening(): string {
    return this.#piece({ role: "assistant", content: "", refusal: null });
  }

  /** The events of a batch; empty if it says nothing that this API has words for. */
  write(batch: readonly Chunk[]): string {
    let out = "";
    for (const chunk of batch) {
      switch (chunk.case) {
        case "partDelta":
          out += this.#grown(chunk.value);
          break;
        case "partStarted":
          if (chunk.value.part !== undefined) out += this.#begun(chunk.value.index, chunk.value.part);
          break;
        case "partFinished":
          out += this.#closed(chunk.value);
          break;
        case "finished":
          out += this.#finished(chunk.value);
          break;
        case "heartbeat":
          out += ": keep-alive\n\n";
          break;
      }
    }
    return out;
  }

  #begun(index: number, part: ContentPart): string {
    this.#parts.set(index, { part, offset: this.#textLength, text: "" });
    switch (part.part.case) {
      case "text":
      case "refusal":
        return part.part.value === "" ? "" : this.#said(index, part.part.case, part.part.value);
      case "reasoning":
        return part.part.value.text === "" ? "" : this.#said(index, "reasoning", part.part.value.text);
      case "toolCall": {
        const { id, name, argumentsJson, providerExecuted } = part.part.value;
        if (providerExecuted) return "";
        const position = this.#calls.size;
        this.#calls.set(index, position);
        const call = { index: position, id, type: "function", function: { name, arguments: argumentsJson } };
        return this.#piece({ tool_calls: [call] });
      }
      case "media": {
        const images = imageOf(part);
        return images.length === 0 ? "" : this.#piece({ images });
      }
      default:
        return "";
    }
  }

  #grown({ index, delta, logprobs }: PartDelta): string {
    switch (delta.case) {
      case "text":
        if (logprobs.length === 0) return this.#said(index, "text", delta.value);
        this.#keep(index, delta.value);
        this.#textLength += delta.value.length;
        return this.#piece({ content: delta.value }, probabilities(logprobs));
      case "reasoning":
      case "refusal":
        return this.#said(index, delta.case, delta.value);
      case "argumentsJson": {
        const position = this.#calls.get(index);
        if (position === undefined) return "";
        return this.#piece({ tool_calls: [{ index: position, function: { arguments: delta.value } }] });
      }
      case "citation": {
        const growing = this.#parts.get(index);
        if (growing === undefined || growing.part.part.case === "reasoning") return "";
        const annotations = annotationOf(delta.value, toldText(growing), growing.offset);
        return annotations.length === 0 ? "" : this.#piece({ annotations });
      }
      default:
        return logprobs.length === 0 ? "" : this.#piece({}, probabilities(logprobs));
    }
  }

  #said(index: number, kind: "text" | "reasoning" | "refusal", value: string): string {
    this.#keep(index, value);
    switch (kind) {
      case "text":
        this.#textLength += value.length;
        return this.#textHead + JSON.stringify(value) + this.#textTail;
      case "reasoning":
        return this.#piece({ reasoning_content: value });
      case "refusal":
        this.#hasRefusal = true;
        return this.#piece({ refusal: value });
    }
  }

  #keep(index: number, value: string): void {
    const growing = this.#parts.get(index);
    if (growing !== undefined) growing.text += value;
  }

  /** Signatures are known only now. */
  #closed({ index, signature, encryptedContent }: PartFinished): string {
    const growing = this.#parts.get(index);
    this.#parts.delete(index);
    const { part } = growing?.part ?? {};
    const signed = signature ?? growing?.part.signature;
    if (part?.case === "toolCall") {
      const position = this.#calls.get(index);
      if (position === undefined || signed === undefined) return "";
      return this.#piece({ tool_calls: [{ index: position, extra_content: extraContent(signed) }] });
    }
    if (part?.case === "media") {
      const [audio] = audioOf({ part, signature: signed });
      return audio === undefined ? "" : this.#piece({ audio });
    }
    if (part?.case !== "reasoning") return "";
    const value = {
      ...part.value,
      text: growing?.text ?? "",
      encryptedContent: encryptedContent || part.value.encryptedContent,
    };
    const detail = detailOf({ case: "reasoning", value }, signed);
    return detail === undefined ? "" : this.#piece({ reasoning_details: [detail] });
  }

  #finished({ finishReason, nativeFinishReason, usage }: StreamFinished): string {
    this.usage = usage;
    const reason = finishReasonOf(finishReason, this.#hasRefusal);
    return this.#piece({}, null, reason, { native_finish_reason: nativeFinishReason });
  }

  #piece(
    delta: object,
    logprobs: object | null = null,
    finish_reason: string | null = null,
    more: object = {},
  ): string {
    const choice = JSON.stringify({ delta, logprobs, finish_reason, ...more });
    return `${this.#frame.head}${this.#index},${choice.slice(1, -1)}${this.#frame.tail}`;
  }
}

/** The text up to a source. What stood before the last one is not put together again. */
function toldText(growing: Growing): CodePoints {
  if (growing.told === undefined) growing.told = new CodePoints(growing.text);
  else growing.told.add(growing.text);
  growing.text = "";
  return growing.told;
}

function probabilities(logprobs: PartDelta["logprobs"]): object {
  return { content: logprobs.map(logprobOf), refusal: null };
}
