import { StringDecoder } from "node:string_decoder";
import type { GatewayError } from "../model/error.ts";
import { badStream, tooLarge } from "./fault.ts";

/** Receives the elements of an array, in order, each as its JSON text without the blanks around it. */
export interface ElementSink {
  element(text: string): void;
}

/** Longest element, in UTF-16 units. */
const elementCharsMax = 4 * 1024 * 1024;
/** Deepest nesting within an element. */
const depthMax = 256;
/** Most blanks in a row between elements. */
const blankCharsMax = 1024 * 1024;

/** Where in the array the next character stands. */
type Place =
  /** Before the opening bracket. */
  | "before"
  /** After it: an element or the closing bracket. */
  | "first"
  /** After a comma. */
  | "next"
  /** In an element that is a number or a word: a blank, a comma or a bracket ends it. */
  | "scalar"
  /** In an element that its own quotes or brackets end. */
  | "enclosed"
  /** After an element. */
  | "after"
  /** After the closing bracket. */
  | "closed";

/**
 * Splits one JSON array into its elements as they come; independent of how the bytes are cut. Checks what it needs for that:
 * an element must still be parsed. Throws PROVIDER_BAD_RESPONSE when anything but an array is there, or when an element is
 * longer than 4 MiB or deeper than 256.
 */
export class JsonArrayParser {
  readonly #sink: ElementSink;
  readonly #decoder = new StringDecoder("utf8");
  #place: Place = "before";
  /** The beginning of an element that came in earlier pieces. */
  #begun = "";
  #depth = 0;
  #inString = false;
  #escaped = false;
  #blankChars = 0;
  #atStart = true;

  constructor(sink: ElementSink) {
    this.#sink = sink;
  }

  push(bytes: Buffer): void {
    this.#read(this.#decoder.write(bytes));
  }

  /** Nothing more will come. Tells whether the array was closed: if not, the rest of the answer is missing. */
  end(): boolean {
    this.#read(this.#decoder.end());
    return this.#place === "closed";
  }

  #read(text: string): void {
    let start = 0;
    let at = 0;
    if (this.#atStart && text !== "") {
      this.#atStart = false;
      if (text.charCodeAt(0) === byteOrderMark) at = 1;
    }
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (this.#place === "enclosed") {
        if (this.#closes(code)) this.#finish(text.slice(start, at + 1));
      } else {
        if (this.#place === "scalar" && endsScalar(code)) this.#finish(text.slice(start, at));
        if (this.#begins(code)) start = at;
      }
    }
    if (this.#place === "enclosed" || this.#place === "scalar") this.#keep(text.slice(start));
  }

  /** Takes a character within an element, and tells whether it is its last. */
  #closes(code: number): boolean {
    if (this.#escaped) this.#escaped = false;
    else if (this.#inString) {
      if (code === backslash) this.#escaped = true;
      else if (code === quote) this.#inString = false;
    } else if (code === quote) this.#inString = true;
    else if (code === openBrace || code === openBracket) this.#deepen();
    else if (code === closeBrace || code === closeBracket) this.#depth--;
    return this.#depth === 0 && !this.#inString;
  }

  /** Takes a character outside the elements, or within a scalar, and tells whether it begins an element. */
  #begins(code: number): boolean {
    if (isBlank(code)) {
      if (++this.#blankChars > blankCharsMax) throw tooLarge("a run of blanks", blankCharsMax);
      return false;
    }
    this.#blankChars = 0;
    switch (this.#place) {
      case "before":
        if (code !== openBracket) throw broken("something else before a JSON array");
        this.#place = "first";
        return false;
      case "after":
        if (code !== comma && code !== closeBracket)
          throw broken("elements of a JSON array without a comma between them");
        this.#place = code === comma ? "next" : "closed";
        return false;
      case "closed":
        throw broken("something else after a JSON array");
      case "first":
        if (code !== closeBracket) return this.#open(code);
        this.#place = "closed";
        return false;
      case "next":
        return this.#open(code);
      default:
        return false;
    }
  }

  #open(code: number): true {
    if (endsScalar(code) || code === closeBrace) throw broken("a JSON array that lacks an element");
    this.#place = "scalar";
    if (code === quote || code === openBrace || code === openBracket) {
      this.#place = "enclosed";
      this.#closes(code);
    }
    return true;
  }

  #deepen(): void {
    if (++this.#depth > depthMax) throw tooLarge("an element nested", depthMax);
  }

  #keep(part: string): void {
    // Appended, not searched again: a long element in small pieces stays linear.
    this.#begun += part;
    if (this.#begun.length > elementCharsMax) throw tooLarge("an element of a JSON array", elementCharsMax);
  }

  #finish(part: string): void {
    this.#keep(part);
    const text = this.#begun;
    this.#begun = "";
    this.#place = "after";
    this.#sink.element(text);
  }
}

const byteOrderMark = 0xfeff;
const quote = 0x22;
const comma = 0x2c;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function endsScalar(code: number): boolean {
  return isBlank(code) || code === comma || code === closeBracket;
}

function broken(what: string): GatewayError {
  return badStream("bad_json", what);
}
