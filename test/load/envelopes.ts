const headerBytes = 5;

/** Takes gRPC messages out of their envelopes, however these are cut. */
export class Envelopes {
  readonly #take: (message: Buffer) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(take: (message: Buffer) => void) {
    this.#take = take;
  }

  push(bytes: Buffer): void {
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (rest.length >= headerBytes) {
      const end = headerBytes + rest.readUInt32BE(1);
      if (rest.length < end) break;
      this.#take(rest.subarray(headerBytes, end));
      rest = rest.subarray(end);
    }
    this.#rest = rest;
  }
}
