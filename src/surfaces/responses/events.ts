import type { JsonObject } from "@bufbuild/protobuf";
import type {
  PartDelta,
  PartFinished,
  PartStarted,
  StreamFinished,
  StreamStarted,
  TokenLogprob,
} from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Citation, ContentPart, PartSignature } from "../../../gen/llmhub/v1/content_pb.ts";
import type { Chunk } from "../../model/chunk.ts";
import type { GatewayError } from "../../model/error.ts";
import { logprobOf } from "../chat/answer.ts";
import type { EventWriter } from "../written-events.ts";
import { type Envelope, endingOf, envelopeOf, whyIncomplete } from "./answer.ts";
import {
  annotationsOf,
  callItem,
  type Item,
  phaseOf,
  placeLogprobs,
  reasoningItem,
  textContent,
  wholeItem,
} from "./item.ts";
import { type Message, Outline } from "./outline.ts";
import type { ResponsesBody } from "./schema.ts";
import { errorEvent, failureOf } from "./words.ts";

/** A part on its way. */
interface Open {
  readonly part: ContentPart;
  /** The item that it is or belongs to, and where that stands. */
  readonly item: Item;
  readonly output_index: number;
  /** Position in a message. */
  readonly content_index: number;
  /** A delta of text up to its text; empty for other kinds. */
  readonly head: string;
  readonly citations: Citation[];
  readonly logprobs: TokenLogprob[];
  text: string;
}

/** Batches of chunks in, text of numbered events out. A delta of text costs no object. */
export class ResponseEvents implements EventWriter {
  begun: StreamStarted | undefined;
  readonly #body: ResponsesBody;
  #envelope: Envelope = {};
  readonly #outline = new Outline();
  readonly #open = new Map<number, Open>();
  #hasRefusal = false;
  readonly #late: TokenLogprob[] = [];

  constructor(body: ResponsesBody) {
    this.#body = body;
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

  /** The last events of a stream that failed. */
  broken(error: GatewayError): string {
    const outline = this.#outline;
    const response = { ...this.#envelope, status: "failed", error: failureOf(error), output: outline.output };
    return outline.event("response.failed", { response }) + outline.event("error", errorEvent(error));
  }

  #started(started: StreamStarted): string {
    this.begun = started;
    this.#outline.begin(started.id);
    this.#envelope = envelopeOf(started, this.#body);
    const response = this.#envelope;
    return this.#event("response.created", { response }) + this.#event("response.in_progress", { response });
  }

  #begun({ index, part: content }: PartStarted): string {
    if (content === undefined) return "";
    const { part } = content;
    const { ids, next } = this.#outline;
    switch (part.case) {
      case "text":
      case "refusal":
        return this.#speak(index, content) + this.#said(index, part.case, part.value);
      case "reasoning": {
        const item = { id: ids.at("rs", next), type: "reasoning", summary: [] };
        return this.#item(index, content, item) + this.#said(index, "reasoning", part.value.text);
      }
      case "toolCall": {
        if (part.value.providerExecuted) break;
        const call = { ...part.value, argumentsJson: "" };
        const item = callItem(ids.at("fc", next), call, content, "in_progress");
        return this.#item(index, content, item) + this.#argued(index, part.value.argumentsJson);
      }
    }
    const begun = this.#item(index, content, wholeItem(ids, next, content));
    return part.case === "toolCall" ? begun + this.#argued(index, part.value.argumentsJson) : begun;
  }

  /** A part of a message begins, and the message with its first. */
  #speak(index: number, content: ContentPart): string {
    const { item, output_index, begun } = this.#outline.message();
    const isText = content.part.case === "text";
    this.#hasRefusal ||= !isText;
    const empty = isText ? textContent("", [], []) : { type: "refusal", refusal: "" };
    // The place is taken now, and filled when the part is complete.
    const place = { item_id: item.id, output_index, content_index: item.content.push(empty) - 1 };
    const head = { type: "response.output_text.delta", ...place, logprobs: [] };
    this.#open.set(index, {
      ...place,
      part: content,
      item,
      head: isText ? `event: ${head.type}\ndata: ${JSON.stringify(head).slice(0, -1)},"delta":` : "",
      citations: [...content.citations],
      logprobs: [],
      text: "",
    });
    return begun + this.#event("response.content_part.added", { ...place, part: empty });
  }

  #item(index: number, part: ContentPart, item: Item): string {
    const none = { content_index: 0, head: "", citations: [...part.citations], logprobs: [], text: "" };
    this.#open.set(index, { ...none, part, item, output_index: this.#outline.next });
    return this.#outline.add(item);
  }

  #grown({ index, delta, logprobs }: PartDelta): string {
    switch (delta.case) {
      case "text":
        return logprobs.length === 0
          ? this.#said(index, "text", delta.value)
          : this.#probable(index, delta.value, logprobs);
      case "refusal":
      case "reasoning":
        return this.#said(index, delta.case, delta.value);
      case "argumentsJson":
        return this.#argued(index, delta.value);
      case "citation":
        this.#open.get(index)?.citations.push(delta.value);
        return "";
      default:
        // Answers that are replayed tell all probabilities at their end.
        for (const logprob of logprobs) this.#late.push(logprob);
        return "";
    }
  }

  #said(index: number, kind: "text" | "refusal" | "reasoning", delta: string): string {
    const open = this.#open.get(index);
    if (open === undefined || delta === "") return "";
    const isFirst = open.text === "";
    open.text += delta;
    if (kind === "text") return `${open.head}${JSON.stringify(delta)},"sequence_number":${this.#outline.number()}}\n\n`;
    if (kind === "refusal") return this.#event("response.refusal.delta", { ...placeOf(open), delta });
    const place = summaryPlace(open);
    const begun = isFirst
      ? this.#event("response.reasoning_summary_part.added", { ...place, part: { type: "summary_text", text: "" } })
      : "";
    return begun + this.#event("response.reasoning_summary_text.delta", { ...place, delta });
  }

  #probable(index: number, delta: string, logprobs: readonly TokenLogprob[]): string {
    const open = this.#open.get(index);
    if (open === undefined) return "";
    open.text += delta;
    for (const logprob of logprobs) open.logprobs.push(logprob);
    const fields = { ...placeOf(open), delta, logprobs: logprobs.map(logprobOf) };
    return this.#event("response.output_text.delta", fields);
  }

  #argued(index: number, delta: string): string {
    const open = this.#open.get(index);
    if (open === undefined || delta === "") return "";
    open.text += delta;
    const { item, output_index } = open;
    if (item.type !== "function_call") return "";
    return this.#event("response.function_call_arguments.delta", { item_id: item.id, output_index, delta });
  }

  #closed({ index, signature, encryptedContent }: PartFinished): string {
    const open = this.#open.get(index);
    if (open === undefined) return "";
    this.#open.delete(index);
    const signed = signature ?? open.part.signature;
    const { part } = open.part;
    switch (part.case) {
      case "text":
      case "refusal":
        return this.#spoken(index, open, signed);
      case "toolCall":
        if (!part.value.providerExecuted) return this.#called(index, open, signed);
        break;
      case "reasoning": {
        const value = { ...part.value, encryptedContent: encryptedContent || part.value.encryptedContent };
        return this.#thought(open, { ...sealable(open, signed), part: { case: "reasoning", value } });
      }
    }
    const { output_index } = open;
    return this.#outline.done(output_index, wholeItem(this.#outline.ids, output_index, sealable(open, signed)));
  }

  #spoken(index: number, open: Open, signature: PartSignature | undefined): string {
    const place = placeOf(open);
    const { text } = open;
    const isText = open.part.part.case === "text";
    const annotations = annotationsOf(open.citations, text);
    const part = isText ? textContent(text, annotations, open.logprobs) : { type: "refusal", refusal: text };
    (open.item as Message).content[open.content_index] = part;
    let out = "";
    for (const [annotation_index, annotation] of annotations.entries()) {
      out += this.#event("response.output_text.annotation.added", { ...place, annotation_index, annotation });
    }
    out += isText
      ? this.#event("response.output_text.done", { ...place, text, logprobs: open.logprobs.map(logprobOf) })
      : this.#event("response.refusal.done", { ...place, refusal: text });
    out += this.#event("response.content_part.done", { ...place, part });
    if (signature === undefined) return out;
    const phase = phaseOf(signature);
    if (phase === undefined) this.#outline.sign(index, signature, open.item.id);
    else Object.assign(open.item, { phase });
    return out + this.#outline.endMessage("completed");
  }

  #called(index: number, { item, output_index, text, part }: Open, signature: PartSignature | undefined): string {
    if (part.part.case !== "toolCall") return "";
    const { id, name } = part.part.value;
    const told = { item_id: item.id, output_index, name, arguments: text };
    const done = callItem(item.id, { ...part.part.value, argumentsJson: text }, part, "completed");
    if (signature !== undefined) this.#outline.sign(index, signature, id);
    return this.#event("response.function_call_arguments.done", told) + this.#outline.done(output_index, done);
  }

  #thought(open: Open, content: ContentPart): string {
    const { text, item, output_index } = open;
    const place = summaryPlace(open);
    const part = { type: "summary_text", text };
    const shown =
      text === ""
        ? ""
        : this.#event("response.reasoning_summary_text.done", { ...place, text }) +
          this.#event("response.reasoning_summary_part.done", { ...place, part });
    return shown + this.#outline.done(output_index, reasoningItem(item.id, text, content));
  }

  #finished({ finishReason, usage, routing }: StreamFinished): string {
    const incomplete = whyIncomplete(finishReason, this.#hasRefusal);
    const ended = this.#outline.finish(incomplete === undefined ? "completed" : "incomplete");
    placeLogprobs(this.#outline.output, this.#late);
    const model = routing?.model ?? this.#envelope["model"];
    const ending: JsonObject = { ...endingOf(incomplete, usage) };
    const response = { ...this.#envelope, ...ending, model, output: this.#outline.output };
    return ended + this.#event(`response.${String(ending["status"])}`, { response });
  }

  #event(type: string, fields: object): string {
    return this.#outline.event(type, fields);
  }
}

function placeOf({ item, output_index, content_index }: Open) {
  return { item_id: item.id, output_index, content_index };
}

function summaryPlace({ item, output_index }: Open) {
  return { item_id: item.id, output_index, summary_index: 0 };
}

/** The part as it is in the end. */
function sealable({ part: content, text, citations }: Open, signature: PartSignature | undefined): ContentPart {
  const { part } = content;
  const whole = { ...content, citations };
  if (part.case === "toolCall") whole.part = { case: part.case, value: { ...part.value, argumentsJson: text } };
  return signature === undefined ? whole : { ...whole, signature };
}
