import { asciiIn } from "../../stream/ascii.ts";
import { BytePattern } from "../../stream/byte-pattern.ts";
import { type ChatAnswer, type ChatChoice, type ChatSaying, isObject } from "./wire.ts";

/** A stream whose events differ in more than their text is not studied for longer than this many events in a row. */
const studiesMax = 8;

const none = -1;
const nothing = new BytePattern("");
const lf = 0x0a;
const cr = 0x0d;
const space = 0x20;
const quote = 0x22;
const backslash = 0x5c;
const brace = 0x7d;

/**
 * Recognises the commonest event of a stream, one more piece of text, by its bytes and without parsing it: its JSON is, but
 * for the text, that of an earlier event. Whatever differs, or has an escape in its text, must be parsed; the result is the
 * same. Hot path: per event two comparisons, one look at each byte of the text, and no object.
 */
export class TextShape {
  /** Up to the text. Empty: no shape is known. */
  #before = nothing;
  /** From the quote after the text, to the end or to the padding. */
  #after = nothing;
  /** The event ends with random padding, which OpenAI adds against traffic analysis. */
  #isPadded = false;
  /** Events studied since the shape was last met. */
  #studies = 0;
  #end = 0;

  /** A shape was learnt. */
  get isKnown(): boolean {
    return this.#before.length > 0;
  }

  /** Where the event ends that `textIn` met last. */
  get end(): number {
    return this.#end;
  }

  /** The text of an event of the known shape that lies in `bytes` from `at`, whole, on one line; undefined for any other. */
  textIn(bytes: Buffer, at: number): string | undefined {
    const json = jsonStart(bytes, at);
    const start = json + this.#before.length;
    if (json === none || start >= bytes.length) return undefined;
    if (!this.#before.isAt(bytes, json)) return undefined;
    const end = plainEnd(bytes, start);
    const rest = end + this.#after.length;
    if (end === none || rest >= bytes.length || !this.#after.isAt(bytes, end)) return undefined;
    this.#end = eventEnd(bytes, this.#isPadded ? paddingEnd(bytes, rest) : rest);
    if (this.#end === none) return undefined;
    this.#studies = 0;
    return textOf(bytes, start, end);
  }

  /** Learns the shape of an event that was parsed, if text is all that it brings. False: it did not. */
  study(data: string, event: ChatAnswer): boolean {
    if (this.#studies === studiesMax) return false;
    const text = onlyText(event);
    if (text === undefined || text === "") return false;
    this.#studies++;
    const start = /"content":\s*"/.exec(data);
    if (start === null || /[\r\n]/.test(data)) return false;
    const before = data.slice(0, start.index + start[0].length);
    if (!data.startsWith(`${text}"`, before.length) || !isOnlyContent(data, start.index)) return false;
    const after = data.slice(before.length + text.length);
    const padded = /^.*"obfuscation":\s*"(?=[^"\\]*"\}$)/.exec(after)?.[0];
    this.#before = new BytePattern(before);
    this.#after = new BytePattern(padded ?? after);
    this.#isPadded = padded !== undefined;
    return true;
  }
}

/**
 * Whether no other place of a JSON text can be where the content was read from that is at `index`: without a backslash
 * every quote begins or ends a string, and no key is spelt in two ways.
 */
function isOnlyContent(data: string, index: number): boolean {
  return !data.includes("\\") && data.lastIndexOf('"content"') === index;
}

/** The text of an event that brings nothing else. */
function onlyText({ choices, usage, error }: ChatAnswer): string | undefined {
  if (!isNothing(usage) || !isNothing(error) || !Array.isArray(choices) || choices.length !== 1) return undefined;
  const choice: unknown = choices[0];
  if (!isObject<ChatChoice>(choice) || !isObject<ChatSaying>(choice.delta)) return undefined;
  const { index, finish_reason, logprobs, delta } = choice;
  if ((index ?? 0) !== 0 || ![finish_reason, logprobs, choice.error].every(isNothing)) return undefined;
  const { content, refusal, reasoning_content, reasoning, reasoning_details } = delta;
  const { tool_calls, function_call, annotations, audio, images } = delta;
  const isAlone =
    [refusal, reasoning_content, reasoning].every(isNothing) &&
    [reasoning_details, tool_calls, function_call, annotations, audio, images].every(isNothing);
  return isAlone && typeof content === "string" ? content : undefined;
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

/** Where the JSON begins of an event that begins at `at` with its data. */
function jsonStart(bytes: Buffer, at: number): number {
  const isData =
    bytes[at] === 0x64 &&
    bytes[at + 1] === 0x61 &&
    bytes[at + 2] === 0x74 &&
    bytes[at + 3] === 0x61 &&
    bytes[at + 4] === 0x3a;
  if (!isData) return none;
  return bytes[at + 5] === space ? at + 6 : at + 5;
}

/** Where the JSON string ends whose inside begins at `start`, if it stands for itself: no escape, and nothing invalid. */
function plainEnd(bytes: Buffer, start: number): number {
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === quote) return at;
    if (byte === backslash || byte < space) return none;
  }
  return none;
}

/** Where the JSON ends that ends with the padding which begins at `start`. */
function paddingEnd(bytes: Buffer, start: number): number {
  const end = plainEnd(bytes, start);
  return end === none || bytes[end + 1] !== brace ? none : end + 2;
}

function textOf(bytes: Buffer, start: number, end: number): string {
  for (let at = start; at < end; at++) if ((bytes[at] as number) > 0x7f) return bytes.toString("utf8", start, end);
  return asciiIn(bytes, start, end);
}

/** Where the event ends whose data ends at `at`: after the end of the line and a blank line. */
function eventEnd(bytes: Buffer, at: number): number {
  if (at === none) return none;
  if (bytes[at] === lf && bytes[at + 1] === lf) return at + 2;
  const isCrLf = bytes[at] === cr && bytes[at + 1] === lf && bytes[at + 2] === cr && bytes[at + 3] === lf;
  return isCrLf ? at + 4 : none;
}
