import type { StreamCompleteResponse } from "../../gen/llmhub/v1/completion_pb.ts";
import type { ContentPart } from "../../gen/llmhub/v1/content_pb.ts";
import type { Output } from "./command.ts";

type Part = ContentPart["part"];

const dimOn = "\u001b[2m";
const dimOff = "\u001b[22m";

/**
 * Writes an answer as it comes. Text goes out at once, a tool call as one line when it is complete. Reasoning is for
 * people: dimmed on a terminal, left out elsewhere. A terminal gets no control characters from a model. Of an answer that
 * may begin anew, people see the beginning that is void and a note; elsewhere nothing is written before the end.
 */
export class AnswerPrinter {
  readonly #output: Output;
  readonly #people: boolean;
  readonly #calls = new Map<number, { readonly name: string; json: string }>();
  /** What waits for the end; undefined: everything is written at once. */
  #held: string[] | undefined;
  /** Part that was written last; another one begins on a new line. */
  #index = -1;
  #atLineStart = true;

  /** @param mayRestart what was printed may turn out to be void. */
  constructor(output: Output, mayRestart = false) {
    this.#output = output;
    this.#people = output.isTTY === true;
    if (mayRestart && !this.#people) this.#held = [];
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
    } else if (event.case === "restarted") {
      this.#restart();
    }
  }

  /** Ends the last line, and writes what was held back. */
  end(): void {
    this.#endLine();
    for (const text of this.#held?.splice(0) ?? []) this.#output.write(text);
  }

  #endLine(): void {
    if (!this.#atLineStart) this.#put("\n");
    this.#atLineStart = true;
  }

  #put(text: string): void {
    if (this.#held === undefined) this.#output.write(text);
    else this.#held.push(text);
  }

  #restart(): void {
    this.#calls.clear();
    this.#index = -1;
    if (this.#held === undefined) {
      this.#endLine();
      this.#put(`${dimOn}[the answer broke; it begins anew]${dimOff}\n`);
    } else {
      this.#held.length = 0;
      this.#atLineStart = true;
    }
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
    if (index !== this.#index) this.#endLine();
    this.#index = index;
    this.#put(`${before}${this.#people ? printable(text) : text}${after}`);
    this.#atLineStart = text.endsWith("\n");
  }
}

function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => (character === "\n" || character === "\t" ? character : ""));
}
