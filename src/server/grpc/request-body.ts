import type { ServerHttp2Stream } from "node:http2";
import { GatewayError } from "../../model/error.ts";
import { envelopeBytes } from "../../services/event-encoder.ts";

/** Bounds on the one message of a request. */
export interface RequestLimits {
  readonly requestBytesMax: number;
  /** For the message to arrive as a whole. */
  readonly bodyTimeoutMs: number;
}

/** Called once, with the message or with why there is none. */
export interface RequestSink {
  message(bytes: Buffer): void;
  broken(error: GatewayError): void;
}

/**
 * Collects the one message of a unary or server-streaming request. A message that announces too much is refused at its
 * fifth byte, and however small the pieces are, what is kept is little more than the message. Hot path: no copy of what
 * came in one piece, and no timer before `hurry`.
 */
export class RequestBody {
  readonly #limits: RequestLimits;
  readonly #sink: RequestSink;
  readonly #startMs: number;
  #timer: NodeJS.Timeout | undefined;
  /** Envelope and message; filled up to #bytes. The first piece itself, as long as it is the only one. */
  #buffer: Buffer = empty;
  #bytes = 0;
  #over = false;

  /** @param startMs when its time began, on the clock of performance.now(). */
  constructor(stream: ServerHttp2Stream, startMs: number, limits: RequestLimits, sink: RequestSink) {
    this.#startMs = startMs;
    this.#limits = limits;
    this.#sink = sink;
    stream.on("data", (piece: Buffer) => this.#take(piece));
    stream.on("end", () => this.#end());
  }

  /** Takes no more; the sink is not called any more. */
  stop(): void {
    if (this.#over) return;
    this.#over = true;
    this.#buffer = empty;
    clearTimeout(this.#timer);
  }

  /** Takes so long only as it may, from its beginning: to be called once, in time. */
  hurry(): void {
    if (this.#over) return;
    const leftMs = this.#limits.bodyTimeoutMs - (performance.now() - this.#startMs);
    this.#timer = setTimeout(() => this.#expire(), Math.max(leftMs, 1));
  }

  #expire(): void {
    const { bodyTimeoutMs } = this.#limits;
    const metadata = { deadlineMs: String(bodyTimeoutMs) };
    this.#fail(
      new GatewayError("DEADLINE_EXCEEDED", `the request did not arrive within ${bodyTimeoutMs} ms`, { metadata }),
    );
  }

  #take(piece: Buffer): void {
    if (this.#over) return;
    if (this.#bytes === 0) this.#buffer = piece;
    else this.#append(piece);
    this.#bytes += piece.length;
    const { requestBytesMax } = this.#limits;
    if (this.#bytes < envelopeBytes) return;
    const announced = this.#buffer.readUInt32BE(1);
    if (announced > requestBytesMax) this.#fail(tooLarge(requestBytesMax));
    else if (this.#bytes > announced + envelopeBytes) this.#fail(unreadable("it holds more than one message"));
  }

  #append(piece: Buffer): void {
    const bytes = this.#bytes + piece.length;
    if (bytes > this.#buffer.length || this.#buffer.length === this.#bytes) {
      const larger = Buffer.allocUnsafe(Math.max(bytes, 2 * this.#buffer.length, 4096));
      this.#buffer.copy(larger, 0, 0, this.#bytes);
      this.#buffer = larger;
    }
    piece.copy(this.#buffer, this.#bytes);
  }

  #end(): void {
    if (this.#over) return;
    const body = this.#buffer.subarray(0, this.#bytes);
    const problem = problemOf(body);
    if (problem !== undefined) {
      this.#fail(problem);
      return;
    }
    this.stop();
    this.#sink.message(body.subarray(envelopeBytes));
  }

  #fail(error: GatewayError): void {
    if (this.#over) return;
    this.stop();
    this.#sink.broken(error);
  }
}

const empty = Buffer.alloc(0);

function problemOf(body: Buffer): GatewayError | undefined {
  if (body.length < envelopeBytes) return unreadable("it has no message");
  if (body[0] !== 0) return unreadable("its message is compressed without a grpc-encoding");
  const bytes = body.readUInt32BE(1);
  return bytes === body.length - envelopeBytes ? undefined : unreadable("its length is not what it announces");
}

function tooLarge(limit: number): GatewayError {
  return new GatewayError("PAYLOAD_TOO_LARGE", `the message is larger than the limit of ${limit} bytes`, {
    metadata: { limitBytes: String(limit) },
  });
}

function unreadable(why: string): GatewayError {
  return new GatewayError("INVALID_REQUEST", `the request is not a gRPC call with one message - ${why}`);
}
