import type { OutgoingHttpHeaders } from "node:http";
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { Chunk } from "../../model/chunk.ts";
import { GatewayError } from "../../model/error.ts";
import { callerLeft, type RpcScope } from "../rpc-scope.ts";
import { EventEncoder, enveloped } from "./event-encoder.ts";
import { RequestBody, type RequestSink } from "./request-body.ts";
import { errorTrailers, okTrailers } from "./status.ts";
import type { GrpcMethod, GrpcOptions } from "./transport.ts";

/** Bytes that may wait in the stream for a slow caller before the next batch is asked for. */
const waitingBytesMax = 64 * 1024;

/** One gRPC call on its HTTP/2 stream, from headers to trailers. Answers once. */
export class GrpcCall implements RequestSink {
  readonly #stream: ServerHttp2Stream;
  readonly #method: GrpcMethod;
  readonly #options: GrpcOptions;
  #path = "";
  readonly #startMs = performance.now();
  #scope: RpcScope | undefined;
  #body: RequestBody | undefined;
  #events: AsyncIterator<readonly Chunk[]> | undefined;
  #trailers: OutgoingHttpHeaders = okTrailers;
  #stall: NodeJS.Timeout | undefined;
  /** A handler has seen the call. */
  #handled = false;
  #answered = false;

  constructor(stream: ServerHttp2Stream, method: GrpcMethod, options: GrpcOptions) {
    this.#stream = stream;
    this.#method = method;
    this.#options = options;
  }

  start(headers: IncomingHttpHeaders, path: string): void {
    this.#path = path;
    const stream = this.#stream;
    stream.on("close", () => this.#closed());
    stream.on("wantTrailers", () => stream.sendTrailers(this.#trailers));
    try {
      this.#scope = this.#options.admission.admit(headers, path);
    } catch (error) {
      this.#fail(GatewayError.of(error));
      return;
    }
    this.#scope.rpc.signal.addEventListener("abort", () => this.#aborted());
    this.#body = new RequestBody(stream, this.#options.limits, this);
  }

  message(bytes: Buffer): void {
    const rpc = this.#scope?.rpc;
    if (rpc === undefined || this.#answered) return;
    const failed = (error: unknown) => this.#fail(GatewayError.of(error));
    try {
      if (this.#method.kind === "unary") {
        const run = this.#method.read(bytes);
        this.#handled = true;
        run(rpc).then((answer) => this.#answer(answer), failed);
      } else {
        const run = this.#method.read(bytes);
        this.#handled = true;
        this.#events = run(rpc);
        this.#pump(this.#events).catch(failed);
      }
    } catch (error) {
      this.#fail(GatewayError.of(error));
    }
  }

  broken(error: GatewayError): void {
    this.#fail(error);
  }

  #answer(message: Uint8Array): void {
    if (this.#answered) return;
    if (message.length > this.#options.limits.responseBytesMax) {
      this.#fail(tooLarge(this.#options.limits.responseBytesMax));
      return;
    }
    this.#respond();
    this.#finish(okTrailers, enveloped(message));
  }

  /** Hands batches from the answer to the stream, one write each, and waits whenever the caller is behind. */
  async #pump(events: AsyncIterator<readonly Chunk[]>): Promise<void> {
    const stream = this.#stream;
    const encoder = new EventEncoder();
    for (;;) {
      const { done, value } = await events.next();
      if (this.#answered) return;
      if (done === true) break;
      if (!stream.headersSent) this.#respond();
      stream.write(encoder.encode(value));
      if (stream.writableLength > waitingBytesMax) await this.#drained();
    }
    if (!stream.headersSent) this.#respond();
    this.#finish(okTrailers);
  }

  /** Resolves when the caller has read what waits; a caller that reads nothing for too long is cut off. */
  #drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#stall = setTimeout(() => this.#stalled(), this.#options.limits.writeStallMs);
      const go = () => {
        clearTimeout(this.#stall);
        this.#stream.off("drain", go);
        this.#stream.off("close", go);
        resolve();
      };
      this.#stream.on("drain", go);
      this.#stream.on("close", go);
    });
  }

  #stalled(): void {
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  #respond(): void {
    const requestId = this.#scope?.rpc.requestId ?? "";
    this.#stream.respond(
      { ":status": 200, "content-type": "application/grpc+proto", "x-request-id": requestId },
      { waitForTrailers: true },
    );
  }

  #finish(trailers: OutgoingHttpHeaders, last?: Buffer): void {
    this.#answered = true;
    this.#trailers = trailers;
    this.#scope?.finish();
    if (!this.#stream.writable) return;
    if (last === undefined) this.#stream.end();
    else this.#stream.end(last);
  }

  #fail(error: GatewayError): void {
    if (this.#answered) return;
    if (!this.#handled) this.#tellRejected(error);
    this.#body?.stop();
    const trailers = errorTrailers(error);
    const stream = this.#stream;
    if (stream.headersSent || stream.destroyed || stream.closed) {
      this.#finish(trailers);
    } else {
      this.#answered = true;
      this.#scope?.finish();
      const head = { ":status": 200, "content-type": "application/grpc+proto", ...this.#requestId(), ...trailers };
      stream.respond(head, { endStream: true });
    }
    // The caller may still be sending: tell it to stop, without an error (RFC 9113, 8.1).
    if (!stream.readableEnded && !stream.destroyed)
      stream.once("finish", () => stream.close(constants.NGHTTP2_NO_ERROR));
  }

  /** No handler has seen the call, so nobody else tells of it. */
  #tellRejected(error: GatewayError): void {
    const { requestId, caller, method } = this.#scope?.rpc ?? {};
    const durationMs = performance.now() - this.#startMs;
    this.#options.rejected(
      {
        method: method ?? this.#path.slice(1),
        requestId: requestId ?? error.metadata.get("x-request-id") ?? "",
        keyId: caller?.keyId ?? "",
        durationMs,
      },
      error,
    );
  }

  #requestId(): OutgoingHttpHeaders {
    return this.#scope === undefined ? {} : { "x-request-id": this.#scope.rpc.requestId };
  }

  /** The deadline passed, or the gateway stops. */
  #aborted(): void {
    const reason = GatewayError.of(this.#scope?.rpc.signal.reason);
    if (reason === callerLeft) return;
    if (this.#events === undefined && this.#body !== undefined && !this.#answered) this.#body.stop();
    // The chain hears the same signal and says what was tried and what it cost; this is for when it says nothing.
    setImmediate(() => this.#fail(reason));
  }

  #closed(): void {
    clearTimeout(this.#stall);
    this.#body?.stop();
    if (!this.#answered) {
      this.#answered = true;
      this.#scope?.abort(callerLeft);
      this.#events?.return?.();
    }
  }
}

function tooLarge(limit: number): GatewayError {
  return new GatewayError("PAYLOAD_TOO_LARGE", `the answer is larger than the limit of ${limit} bytes. Stream it`, {
    metadata: { limitBytes: String(limit) },
  });
}
