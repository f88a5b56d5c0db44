import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** Types of frames (RFC 9113, 6). */
export const [headers, resetStream, settings, pinged, goaway] = [1, 3, 4, 6, 7];

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const headBytes = 9;
const endStreamAndHeaders = 0x5;
const acknowledged = 0x1;

/** One frame as it came. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** A caller that writes its HTTP/2 frames itself, for what no client does at a test's bidding. */
export class RawCaller {
  /** All that have come and that nobody has waited for. */
  readonly frames: Frame[] = [];
  readonly closed: Promise<unknown>;
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);
  #more = Promise.withResolvers<void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = once(socket, "close");
    socket.on("data", (bytes) => this.#take(bytes));
    socket.on("error", () => undefined);
    socket.write(preface);
    this.#send(settings, 0, 0, Buffer.alloc(0));
  }

  /** Resolves when the server has sent its settings. */
  static async to(port: number): Promise<RawCaller> {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    await once(socket, "connect");
    const caller = new RawCaller(socket);
    await caller.frame(settings);
    return caller;
  }

  /** The next frame of a type. */
  async frame(type: number): Promise<Frame> {
    for (;;) {
      const index = this.frames.findIndex((frame) => frame.type === type && frame.flags !== acknowledged);
      const [found] = index < 0 ? [] : this.frames.splice(index, 1);
      if (found !== undefined) return found;
      await this.#more.promise;
    }
  }

  /** Sends GET http://a/ on a stream, its headers by their numbers in HPACK's table, and ends it. */
  open(stream: number): void {
    this.#send(headers, endStreamAndHeaders, stream, Buffer.from("828486410161", "hex"));
  }

  /** Answers a ping. */
  answer({ payload }: Frame): void {
    this.#send(pinged, acknowledged, 0, payload);
  }

  end(): void {
    this.#socket.end();
  }

  #send(type: number, flags: number, stream: number, payload: Buffer): void {
    const head = Buffer.alloc(headBytes);
    head.writeUIntBE(payload.length, 0, 3);
    head.writeUInt8(type, 3);
    head.writeUInt8(flags, 4);
    head.writeUInt32BE(stream, 5);
    this.#socket.write(Buffer.concat([head, payload]));
  }

  #take(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    for (;;) {
      const length = this.#bytes.length < headBytes ? Number.POSITIVE_INFINITY : this.#bytes.readUIntBE(0, 3);
      if (this.#bytes.length < headBytes + length) break;
      const payload = this.#bytes.subarray(headBytes, headBytes + length);
      const [type, flags] = [this.#bytes.readUInt8(3), this.#bytes.readUInt8(4)];
      this.frames.push({ type, flags, stream: this.#bytes.readUInt32BE(5), payload });
      this.#bytes = this.#bytes.subarray(headBytes + length);
    }
    this.#more.resolve();
    this.#more = Promise.withResolvers();
  }
}
