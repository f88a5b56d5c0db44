/** Longer texts are written by the platform; for shorter ones a loop in JavaScript beats the call into C++. */
const shortChars = 40;

/**
 * Writes protobuf from the last field to the first, so that a length is known when it is written: no message is measured
 * beforehand. Fields with their default value are left out. Tags are those of fields below 16. The room must be
 * large enough: three bytes for each character, ten for each number.
 */
export class BackwardWriter {
  readonly #room: Buffer;
  #at: number;

  constructor(bytes: number) {
    this.#room = Buffer.allocUnsafeSlow(bytes);
    this.#at = bytes;
  }

  /** A place to give to `closed` as the end of what is written next. */
  get at(): number {
    return this.#at;
  }

  /** Nothing has been written since `begin`. */
  get isEmpty(): boolean {
    return this.#at === this.#room.length;
  }

  /** Forgets what was written. */
  begin(): void {
    this.#at = this.#room.length;
  }

  /** A copy of what was written. */
  written(): Buffer {
    const bytes = Buffer.allocUnsafe(this.#room.length - this.#at);
    this.#room.copy(bytes, 0, this.#at);
    return bytes;
  }

  text(field: number, text: string): void {
    if (text !== "") this.member(field, text);
  }

  /** A text of a oneof: an empty one counts, too. */
  member(field: number, text: string): void {
    const end = this.#at;
    this.#utf8(text);
    this.closed(field, end);
  }

  /** Up to 2^53 - 1, and not negative. */
  number(field: number, value: number): void {
    if (value !== 0) this.given(field, value);
  }

  /** Of a field that tells 0 from nothing. */
  given(field: number, value: number | undefined): void {
    if (value === undefined) return;
    this.#varint(value);
    this.#room[--this.#at] = field << 3;
  }

  /** What was written since `end` was the place becomes the value of a field. */
  closed(field: number, end: number): void {
    this.#varint(end - this.#at);
    this.#room[--this.#at] = (field << 3) | 2;
  }

  /** Puts the envelope of a gRPC message before what was written since `end` was the place: a flag, and its length. */
  envelope(end: number): void {
    const bytes = end - this.#at;
    this.#room[--this.#at] = bytes;
    this.#room[--this.#at] = bytes >>> 8;
    this.#room[--this.#at] = bytes >>> 16;
    this.#room[--this.#at] = bytes >>> 24;
    this.#room[--this.#at] = 0;
  }

  #varint(value: number): void {
    if (value < 0x80) {
      this.#room[--this.#at] = value;
      return;
    }
    let bytes = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++;
    this.#at -= bytes;
    let rest = value;
    for (let i = 0; i < bytes - 1; i++) {
      this.#room[this.#at + i] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#room[this.#at + bytes - 1] = rest;
  }

  #utf8(text: string): void {
    if (text.length <= shortChars && this.#ascii(text)) return;
    const bytes = Buffer.byteLength(text);
    this.#at -= bytes;
    this.#room.write(text, this.#at);
  }

  /** False, and nothing is written, if there is more in it than ASCII. */
  #ascii(text: string): boolean {
    const start = this.#at - text.length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      this.#room[start + i] = code;
    }
    this.#at = start;
    return true;
  }
}
