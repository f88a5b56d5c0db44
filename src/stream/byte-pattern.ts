const doubleBytes = 8;
/** Of the buffer that was looked at last: what one read of a socket brings in pieces lies in one. */
let view = new DataView<ArrayBufferLike>(new ArrayBuffer(0));

/**
 * Bytes to be found again at a place that is known. Eight at a time are read as a double: to compare a few hundred takes a
 * quarter of what a call into C++ takes. They must be text without NUL, because 0 and -0 are equal and not the same bytes.
 */
export class BytePattern {
  readonly length: number;
  readonly #doubles: Float64Array;
  /** Those that fill no double. */
  readonly #rest: Buffer;

  constructor(text: string) {
    const bytes = Buffer.from(text);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.length = bytes.length;
    this.#doubles = new Float64Array(Math.floor(bytes.length / doubleBytes));
    for (let i = 0; i < this.#doubles.length; i++) this.#doubles[i] = view.getFloat64(i * doubleBytes);
    this.#rest = bytes.subarray(this.#doubles.length * doubleBytes);
  }

  /** Whether these bytes are at `at`. False also for some that are no text: what is not a number is equal to nothing. */
  isAt(bytes: Buffer, at: number): boolean {
    if (at < 0 || at + this.length > bytes.length) return false;
    if (view.buffer !== bytes.buffer) view = new DataView(bytes.buffer);
    const doubles = this.#doubles;
    let place = bytes.byteOffset + at;
    for (let i = 0; i < doubles.length; i++, place += doubleBytes) {
      if (view.getFloat64(place) !== doubles[i]) return false;
    }
    const rest = this.#rest;
    for (let i = 0; i < rest.length; i++) if (view.getUint8(place + i) !== rest[i]) return false;
    return true;
  }
}
