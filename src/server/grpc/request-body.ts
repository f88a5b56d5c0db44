import type { ServerHttp2Stream } from "node:http2";
import { GatewayError } from "../../model/error.ts";
import { envelopeBytes } from "./event-encoder.ts";

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

/** Collects the one message of a unary or server-streaming request. */
export class RequestBody {
  readonly #limits: RequestLimits;
  readonly #sink: RequestSink;
  readonly #timer: NodeJS.Timeout;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #over = false;

  constructor(stream: ServerHttp2Stream, limits: RequestLimits, sink: RequestSink) {
    this.#limits = limits;
    this.#sink = sink;
    this.#timer = setTimeout(tooSlow, limits.bodyTimeoutMs, this);
    stream.on("data", (piece: Buffer) => this.#take(piece));
    stream.on("end", () => this.#end());
  }

  /** Takes no more; the sink is not called any more. */
  stop(): void {
    this.#over = true;
    this.#pieces = [];
    clearTimeout(this.#timer);
  }

  /** The message took too long. */
  expire(): void {
    const ms = this.#limits.bodyTimeoutMs;
    this.#fail(new GatewayError("DEADLINE_EXCEEDED", `the request did not arrive within ${ms} ms`));
  }

  #take(piece: Buffer): void {
    if (this.#over) return;
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes > this.#limits.requestBytesMax + envelopeBytes) this.#fail(tooLarge(this.#limits.requestBytesMax));
  }

  #end(): void {
    if (this.#over) return;
    const [only] = this.#pieces;
    const body = this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces);
    const problem = problemOf(body, this.#limits.requestBytesMax);
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

function problemOf(body: Buffer, limit: number): GatewayError | undefined {
  if (body.length < envelopeBytes) return unreadable("it has no message");
  if (body[0] !== 0) return unreadable("its message is compressed without a grpc-encoding");
  const bytes = body.readUInt32BE(1);
  if (bytes > limit) return tooLarge(limit);
  return bytes === body.length - envelopeBytes ? undefined : unreadable("its length is not what it announces");
}

function tooSlow(body: RequestBody): void {
  body.expire();
}

function tooLarge(limit: number): GatewayError {
  return new GatewayError("PAYLOAD_TOO_LARGE", `the message is larger than the limit of ${limit} bytes`, {
    metadata: { limitBytes: String(limit) },
  });
}

function unreadable(why: string): GatewayError {
  return new GatewayError("INVALID_REQUEST", `the request is not a gRPC call with one message - ${why}`);
}
