import type { StreamCompleteResponse } from "../../gen/llmhub/v1/completion_pb.ts";
import type { ContentPart } from "../../gen/llmhub/v1/content_pb.ts";
import type { Output } from "./command.ts";

type Part = ContentPart["part"];

const dimOn = "\u001b[2m";
const dimOff = "\u001b[22m";

/**
 * Writes an answer as it comes. Text goes out at once, a tool call as one line when it is complete. Reasoning is for
 * people: dimmed on a terminal, left out elsewhere. A terminal gets no control characters from a model.
 */
export class AnswerPrinter {
  readonly #output: Output;
  readonly #people: boolean;
  readonly #calls = new Map<number, { readonly name: string; json: string }>();
  /** Part that was written last; another one begins on a new line. */
  #index = -1;
  #atLineStart = true;

  constructor(output: Output) {
    this.#output = output;
    this.#people = output.isTTY === true;
  }

  print({ event }: StreamCompleteResponse): void {
    if (event.case === "partStarted" && event.value.part !== undefined) {
      this.#begin(event.value.index, event.value.part.part);
    } else if (event.case === "partDelta") {
      const { index, delta } = event.value;
      if (delta.case === "text" || delta.case === "refusal") this.#write(index, delta.value);
      else if (delta.case === "reasoning") this.#reason(index, delta.value);
      else if (delta.case === "argumentsJson") this.#grow(index, delta.value);
    } else if (event.case === "partFinished") {
      this.#finishCall(event.value.index);
    }
  }

  /** Ends the last line. */
  end(): void {
    if (!this.#atLineStart) this.#output.write("\n");
    this.#atLineStart = true;
  }

  #begin(index: number, part: Part): void {
    if (part.case === "text" || part.case === "refusal") this.#write(index, part.value);
    else if (part.case === "reasoning") this.#reason(index, part.value.text);
    else if (part.case === "toolCall")
      this.#calls.set(index, { name: part.value.name, json: part.value.argumentsJson });
    else if (part.case !== undefined) this.#write(index, `[${part.case}]`);
  }

  #grow(index: number, json: string): void {
    const call = this.#calls.get(index);
    if (call !== undefined) call.json += json;
  }

  #finishCall(index: number): void {
    const call = this.#calls.get(index);
    if (call === undefined) return;
    this.#calls.delete(index);
    this.#write(index, `[tool call] ${call.name} ${call.json}`);
  }

  #reason(index: number, text: string): void {
    if (this.#people) this.#write(index, text, dimOn, dimOff);
  }

  #write(index: number, text: string, before = "", after = ""): void {
    if (text === "") return;
    if (index !== this.#index) this.end();
    this.#index = index;
    this.#output.write(`${before}${this.#people ? printable(text) : text}${after}`);
    this.#atLineStart = text.endsWith("\n");
  }
}

function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => (character === "\n" || character === "\t" ? character : ""));
}
