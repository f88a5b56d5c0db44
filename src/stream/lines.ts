import { StringDecoder } from "node:string_decoder";
import { tooLarge } from "./fault.ts";
import { LineAssembler, type LineSink } from "./line-assembler.ts";

/** Most blank lines in a row. */
const blankLinesMax = 100_000;

/**
 * Newline-delimited JSON: one document a line, LF or CRLF, a byte order mark, blank lines in between that are skipped;
 * independent of how the bytes are cut. A line is at most 1 MiB. Throws PROVIDER_BAD_RESPONSE when a limit is passed.
 */
export class LineParser {
  readonly #sink: LineSink;
  readonly #decoder = new StringDecoder("utf8");
  readonly #assembler = new LineAssembler(this);
  #atStart = true;
  #blankLines = 0;

  constructor(sink: LineSink) {
    this.#sink = sink;
  }

  push(bytes: Buffer): void {
    this.#assembler.push(this.#decoder.write(bytes));
  }

  /** Delivers a last line that no newline ended. */
  end(): void {
    this.#assembler.push(this.#decoder.end());
    this.#assembler.end();
  }

  /** Takes a line from the assembler. */
  line(text: string): void {
    const marked = this.#atStart && text.charCodeAt(0) === 0xfeff;
    this.#atStart = false;
    const line = text.slice(marked ? 1 : 0, text.endsWith("\r") ? -1 : undefined);
    if (/^[ \t]*$/.test(line)) {
      if (++this.#blankLines > blankLinesMax) throw tooLarge("a run of blank lines", blankLinesMax);
      return;
    }
    this.#blankLines = 0;
    this.#sink.line(line);
  }
}
