import type { LogFields } from "./logger.ts";

/** Bytes of a line that is made here at most. */
const lineBytesMax = 4096;
/** Names of fields that are kept as bytes. Callers cannot make up any. */
const namesMax = 128;

/** Instead of the end of what was written: it is nothing for this file. */
const odd = -1;

/**
 * Makes the JSON lines that pino would make, byte for byte, of records that are flat and plain: ASCII that needs no escape,
 * finite numbers, and at most one level of texts below. Whatever looks different is left to pino, and so is what it has a rule
 * for. Nothing is allocated per line.
 */
export class LineEncoder {
  /** The last line, from its beginning. */
  readonly bytes = Buffer.allocUnsafeSlow(lineBytesMax);
  readonly #head: Uint8Array;
  readonly #base: Uint8Array;
  readonly #foreign: ReadonlySet<string>;
  /** By name, such as `,"callId":`. */
  readonly #prefixes = new Map<string, Uint8Array>();
  readonly #time = new TimeText();

  /**
   * @param foreign names of fields that pino has rules for, such as those that it redacts.
   * @param worker what every line says of the process; undefined: nothing.
   */
  constructor(level: string, foreign: ReadonlySet<string>, worker?: number) {
    this.#head = Buffer.from(`{"level":"${level}","time":"`);
    this.#base = Buffer.from(worker === undefined ? "" : `,"worker":${worker}`);
    this.#foreign = foreign;
  }

  /** Makes the line of now; gives its length in bytes, or 0 for one that pino has to make. */
  encode(fields: LogFields, message: string): number {
    const { bytes } = this;
    let at = putBytes(bytes, 0, this.#head);
    at = putBytes(bytes, this.#time.put(bytes, at, Date.now()), this.#base);
    for (const name in fields) {
      const value: unknown = fields[name as keyof LogFields];
      if (value === undefined) continue;
      const prefix = this.#prefixes.get(name) ?? this.#prefixOf(name);
      if (prefix === undefined || at > lineBytesMax) return 0;
      at = putValue(bytes, putBytes(bytes, at, prefix), value);
      if (at === odd) return 0;
    }
    at = putText(bytes, putBytes(bytes, at, beforeMessage), message);
    if (at === odd) return 0;
    at = putBytes(bytes, at, lineEnd);
    return at > lineBytesMax ? 0 : at;
  }

  #prefixOf(name: string): Uint8Array | undefined {
    if (this.#foreign.has(name) || !/^\w+$/.test(name) || this.#prefixes.size >= namesMax) return undefined;
    const prefix = Buffer.from(`,"${name}":`);
    this.#prefixes.set(name, prefix);
    return prefix;
  }
}

/** Writes times as toISOString does, from 1970 to 9999; up to the second they are kept. */
class TimeText {
  #second = Number.NaN;
  #text = new Uint8Array();

  /** The time and the quote behind it. */
  put(bytes: Uint8Array, at: number, nowMs: number): number {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = Buffer.from(new Date(second * 1000).toISOString().slice(0, -"000Z".length));
    }
    const ms = nowMs - second * 1000;
    const end = putBytes(bytes, at, this.#text);
    bytes[end] = zero + Math.floor(ms / 100);
    bytes[end + 1] = zero + (Math.floor(ms / 10) % 10);
    bytes[end + 2] = zero + (ms % 10);
    return putBytes(bytes, end + 3, timeEnd);
  }
}

const quote = 0x22;
const comma = 0x2c;
const point = 0x2e;
const zero = 0x30;
const colon = 0x3a;
const backslash = 0x5c;
const braceOpen = 0x7b;
const braceClose = 0x7d;
const beforeMessage = Buffer.from(',"msg":');
const lineEnd = Buffer.from("}\n");
const timeEnd = Buffer.from('Z"');
const yes = Buffer.from("true");
const no = Buffer.from("false");

function putValue(bytes: Uint8Array, at: number, value: unknown): number {
  switch (typeof value) {
    case "string":
      return putText(bytes, at, value);
    case "number":
      return putNumber(bytes, at, value);
    case "boolean":
      return putBytes(bytes, at, value ? yes : no);
    case "object":
      return value === null || Object.getPrototypeOf(value) !== Object.prototype ? odd : putTexts(bytes, at, value);
    default:
      return odd;
  }
}

/** An object whose values are texts, such as labels. */
function putTexts(bytes: Uint8Array, at: number, texts: object): number {
  let end = at + 1;
  for (const name in texts) {
    const value: unknown = texts[name as keyof typeof texts];
    if (typeof value !== "string") return odd;
    if (end > at + 1) bytes[end++] = comma;
    end = putText(bytes, end, name);
    if (end === odd) return odd;
    bytes[end] = colon;
    end = putText(bytes, end + 1, value);
    if (end === odd) return odd;
  }
  bytes[at] = braceOpen;
  bytes[end] = braceClose;
  return end + 1;
}

/** In quotes. */
function putText(bytes: Uint8Array, at: number, text: string): number {
  const { length } = text;
  if (at + length > bytes.length) return odd;
  const from = at + 1;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e || code === quote || code === backslash) return odd;
    bytes[from + i] = code;
  }
  bytes[at] = quote;
  bytes[from + length] = quote;
  return from + length + 1;
}

/** Counts, and times with one decimal, digit by digit. */
function putNumber(bytes: Uint8Array, at: number, value: number): number {
  if (!Number.isFinite(value)) return odd;
  const tenths = Math.round(value * 10);
  if (value < 0 || tenths >= 2 ** 31 || tenths / 10 !== value) return putDigits(bytes, at, String(value));
  const whole = (tenths / 10) | 0;
  const end = putWhole(bytes, at, whole);
  const tenth = tenths - whole * 10;
  if (tenth === 0) return end;
  bytes[end] = point;
  bytes[end + 1] = zero + tenth;
  return end + 2;
}

function putWhole(bytes: Uint8Array, at: number, value: number): number {
  let end = at + 1;
  for (let limit = 10; value >= limit; limit *= 10) end += 1;
  for (let i = end - 1, rest = value; i >= at; i--) {
    const next = (rest / 10) | 0;
    bytes[i] = zero + rest - next * 10;
    rest = next;
  }
  return end;
}

function putDigits(bytes: Uint8Array, at: number, digits: string): number {
  for (let i = 0; i < digits.length; i++) bytes[at + i] = digits.charCodeAt(i);
  return at + digits.length;
}

/** A loop: to call into the engine costs more than the few bytes that there are. */
function putBytes(bytes: Uint8Array, at: number, source: Uint8Array): number {
  const { length } = source;
  for (let i = 0; i < length; i++) bytes[at + i] = source[i] ?? 0;
  return at + length;
}
