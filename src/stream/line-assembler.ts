import { tooLarge } from "./fault.ts";

/** Receives the lines of a text, in order and without what ended them. */
export interface LineSink {
  line(text: string): void;
}

/** Longest line, in UTF-16 units. */
const lineCharsMax = 1024 * 1024;

/** Lines that end with LF, from a text that comes in pieces. Throws PROVIDER_BAD_RESPONSE when a line is longer than 1 MiB. */
export class LineAssembler {
  readonly #sink: LineSink;
  /** The beginning of a line whose end has not come. */
  #begun = "";

  constructor(sink: LineSink) {
    this.#sink = sink;
  }

  push(text: string): void {
    let start = 0;
    for (;;) {
      const end = text.indexOf("\n", start);
      if (end === -1) break;
      const part = text.slice(start, end);
      const line = this.#begun === "" ? part : this.#begun + part;
      this.#begun = "";
      if (line.length > lineCharsMax) throw tooLarge("a line", lineCharsMax);
      this.#sink.line(line);
      start = end + 1;
    }
    // Appended, not searched again: a long line in small pieces stays linear.
    this.#begun += text.slice(start);
    if (this.#begun.length > lineCharsMax) throw tooLarge("a line", lineCharsMax);
  }

  /** Nothing more will come: what is left is a line of its own. */
  end(): void {
    const line = this.#begun;
    this.#begun = "";
    if (line !== "") this.#sink.line(line);
  }
}
