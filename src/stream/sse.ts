import { StringDecoder } from "node:string_decoder";
import { tooLarge } from "./fault.ts";
import { LineAssembler } from "./line-assembler.ts";

/** Receives the events of a stream, in order. `type` is "" where the stream names none. */
export interface SseSink {
  event(type: string, data: string): void;
}

/** Longest data of one event, over all its lines, in UTF-16 units. */
const dataCharsMax = 4 * 1024 * 1024;
/** Most lines in a row that bring no event: comments, blank lines, unknown fields. */
const silentLinesMax = 100_000;
const lf = 0x0a;

/**
 * Server-sent events as the WHATWG standard reads them: CR, LF and CRLF, a byte order mark, comments, data on several
 * lines, unknown fields; independent of how the bytes are cut. An event without data, or without its closing blank line,
 * is dropped. Throws PROVIDER_BAD_RESPONSE when a limit is passed.
 */
export class SseParser {
  readonly #sink: SseSink;
  readonly #decoder = new StringDecoder("utf8");
  readonly #assembler = new LineAssembler(this);
  #atStart = true;
  /** The last character was CR: a LF that follows belongs to it. */
  #skipLf = false;
  #type = "";
  #data = "";
  #hasData = false;
  #silentLines = 0;
  #lastByte = 0;

  constructor(sink: SseSink) {
    this.#sink = sink;
  }

  /** All that was pushed is whole events, and nothing of it counts for what follows. */
  get isBetweenEvents(): boolean {
    return this.#lastByte === lf && !this.#hasData && this.#type === "" && this.#silentLines === 0;
  }

  push(bytes: Buffer): void {
    this.#lastByte = bytes[bytes.length - 1] ?? this.#lastByte;
    let text = this.#decoder.write(bytes);
    if (text === "") return;
    if (this.#atStart) {
      this.#atStart = false;
      if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    }
    if (this.#skipLf || text.includes("\r")) text = this.#withoutCr(text);
    this.#assembler.push(text);
  }

  #withoutCr(text: string): string {
    const rest = this.#skipLf && text.startsWith("\n") ? text.slice(1) : text;
    if (rest !== "" || text === "") this.#skipLf = rest.endsWith("\r");
    else this.#skipLf = false;
    return rest.replace(/\r\n?/g, "\n");
  }

  /** Takes a line from the assembler. */
  line(line: string): void {
    if (line.startsWith("data:")) {
      this.#takeData(line.slice(line.charCodeAt(5) === 0x20 ? 6 : 5));
      return;
    }
    if (line === "" && this.#data !== "") {
      this.#silentLines = 0;
      const data = this.#data;
      const type = this.#type;
      this.#clear();
      this.#sink.event(type, data);
      return;
    }
    if (++this.#silentLines > silentLinesMax) throw tooLarge("a run of lines without an event", silentLinesMax);
    if (line === "") this.#clear();
    else if (line.startsWith("event:")) this.#type = line.slice(line.charCodeAt(6) === 0x20 ? 7 : 6);
    else if (line === "event") this.#type = "";
    else if (line === "data") this.#takeData("");
  }

  #takeData(data: string): void {
    this.#data = this.#hasData ? `${this.#data}\n${data}` : data;
    this.#hasData = true;
    if (this.#data.length > dataCharsMax) throw tooLarge("an event", dataCharsMax);
  }

  #clear(): void {
    this.#data = "";
    this.#hasData = false;
    this.#type = "";
  }
}
