import type { JsonObject } from "@bufbuild/protobuf";
import type { Citation, ContentPart, ToolCall } from "../../../gen/llmhub/v1/content_pb.ts";
import type { Turn } from "../../model/conversation.ts";
import { renderInput } from "./content.ts";
import { renderOwn, warnExtras } from "./own.ts";
import { ReasoningItems } from "./reasoning.ts";
import type { Rendering } from "./rendering.ts";
import type { InputItem, OutputPart } from "./wire.ts";

/** What the model said before, as the items that it came in: messages, calls, reasoning, uses of the provider's own tools. */
export function assistantItems(turn: Turn, rendering: Rendering, isKept: boolean): InputItem[] {
  const said = new Said(turn, rendering, isKept);
  turn.content.forEach((part, index) => {
    said.add(part, `${turn.path}.content[${index}]`);
  });
  return said.end();
}

/** Sorts the parts of one message into items. Ids of messages and calls are not given back: nobody looks them up. */
class Said {
  readonly #turn: Turn;
  readonly #rendering: Rendering;
  readonly #reasoning: ReasoningItems;
  readonly #items: InputItem[] = [];
  /** The message under way. */
  #parts: OutputPart[] = [];
  #phase = "";

  constructor(turn: Turn, rendering: Rendering, isKept: boolean) {
    this.#turn = turn;
    this.#rendering = rendering;
    this.#reasoning = new ReasoningItems(rendering, isKept);
  }

  add(given: ContentPart, path: string): void {
    const { part } = given;
    switch (part.case) {
      case "reasoning":
        this.#flush();
        this.#items.push(...this.#reasoning.add(given, path));
        return;
      case "toolCall":
        this.#call(given, part.value, path);
        return;
      case "providerPart": {
        const own = renderOwn(part.value, path, this.#rendering);
        if (own !== undefined) this.#item(own);
        return;
      }
      default:
        this.#say(given, path);
    }
  }

  end(): InputItem[] {
    this.#flush();
    this.#reasoning.end();
    return this.#items;
  }

  #item(item: InputItem): void {
    this.#flush();
    this.#items.push(...this.#reasoning.take(), item);
  }

  #call(given: ContentPart, { id, name, argumentsJson, providerExecuted }: ToolCall, path: string): void {
    if (providerExecuted) {
      const message = "a tool call that a provider ran itself cannot be given back in this dialect";
      this.#rendering.dropped(path, message);
      return;
    }
    warnExtras(given, path, this.#rendering);
    const call = { type: "function_call", call_id: id, name, arguments: argumentsJson || "{}" } as const;
    this.#item({ ...call, ...this.#rendering.options(given.providerOptions) });
  }

  #say(given: ContentPart, path: string): void {
    const { phase = "" } = this.#rendering.echoOf(given.signature) ?? {};
    if (phase !== this.#phase) this.#flush();
    this.#phase = phase;
    this.#items.push(...this.#reasoning.take());
    this.#parts.push({ ...this.#part(given, path), ...this.#rendering.options(given.providerOptions) });
  }

  #part(given: ContentPart, path: string): OutputPart {
    const { part } = given;
    const annotations = given.citations.flatMap((citation) => annotationOf(citation) ?? []);
    const isTold = annotations.length === given.citations.length;
    warnExtras(isTold ? { ...given, citations: [] } : given, path, this.#rendering);
    switch (part.case) {
      case "text":
        return { type: "output_text", text: part.value, annotations, logprobs: [] };
      case "refusal":
        return { type: "refusal", refusal: part.value };
      default: {
        const { type, text } = renderInput(part, path, this.#rendering) as JsonObject;
        if (type === "input_text") return { type: "output_text", text: String(text), annotations, logprobs: [] };
        throw this.#rendering.unsupported(path, "assistant_media", "media can be sent in messages of the user only");
      }
    }
  }

  /** A single plain text takes the short form. */
  #flush(): void {
    const [first] = this.#parts;
    if (first === undefined) return;
    const phase = this.#phase === "" ? {} : { phase: this.#phase };
    const text = this.#parts.length === 1 ? plainText(first) : undefined;
    if (text === undefined) {
      const id = `msg_${this.#turn.path.replace(/\D+/g, "")}_${this.#items.length}`;
      const content = this.#parts;
      this.#items.push({ type: "message", role: "assistant", id, status: "completed", content, ...phase });
    } else this.#items.push({ role: "assistant", content: text, ...phase });
    this.#parts = [];
  }
}

/** The text of a part that is nothing else. */
function plainText(part: OutputPart): string | undefined {
  const { type, text, annotations } = part as JsonObject;
  const isPlain = Object.keys(part).length === 4 && type === "output_text" && Array.isArray(annotations);
  return isPlain && annotations.length === 0 && typeof text === "string" ? text : undefined;
}

/** Only web pages with the place of the claim can be named. */
function annotationOf({ source, title, startCodePoint, endCodePoint }: Citation): JsonObject | undefined {
  if (source.case !== "uri" || startCodePoint === undefined || endCodePoint === undefined) return undefined;
  return { type: "url_citation", url: source.value, title, start_index: startCodePoint, end_index: endCodePoint };
}
