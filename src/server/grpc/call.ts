import type { OutgoingHttpHeaders } from "node:http";
import { constants, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import { callerLeft, connectionLost } from "../../model/departure.ts";
import { GatewayError } from "../../model/error.ts";
import { enveloped } from "../../services/event-encoder.ts";
import type { EventStream } from "../../services/event-stream.ts";
import { requestIdOf } from "../admission.ts";
import { resetStalled } from "../http2-core.ts";
import { peerAddressOf } from "../peer-address.ts";
import type { RpcScope } from "../rpc-scope.ts";
import { RequestBody, type RequestSink } from "./request-body.ts";
import { errorTrailers, okTrailers } from "./status.ts";
import type { GrpcMethod, GrpcOptions } from "./transport.ts";

/** Bytes that may wait in the stream for a slow caller before the next batch is asked for. */
const waitingBytesMax = 64 * 1024;

/** One gRPC call on its HTTP/2 stream, from headers to trailers. Answers once. */
export class GrpcCall implements RequestSink {
  readonly #stream: ServerHttp2Stream;
  readonly #session: ServerHttp2Session | undefined;
  readonly #method: GrpcMethod;
  readonly #options: GrpcOptions;
  #path = "";
  readonly #headers: OutgoingHttpHeaders = {};
  readonly #startMs = performance.now();
  #scope: RpcScope | undefined;
  #body: RequestBody | undefined;
  #events: EventStream | undefined;
  #trailers: OutgoingHttpHeaders = okTrailers;
  #messageBytes = 0;
  /** A handler has seen the call. */
  #handled = false;
  #answered = false;

  constructor(stream: ServerHttp2Stream, method: GrpcMethod, options: GrpcOptions) {
    this.#stream = stream;
    this.#session = stream.session as ServerHttp2Session | undefined;
    this.#method = method;
    this.#options = options;
  }

  start(headers: IncomingHttpHeaders, path: string): void {
    this.#path = path;
    const stream = this.#stream;
    stream.on("close", () => this.#closed());
    stream.on("wantTrailers", () => stream.sendTrailers(this.#trailers));
    try {
      this.#scope = this.#options.admission.admit(headers, path, {
        peerAddress: () => peerAddressOf(() => stream.session?.socket),
        answerHeader: (name, value) => {
          this.#headers[name] = value;
        },
        heldBytes: () => this.#messageBytes + stream.writableLength,
      });
    } catch (error) {
      const failure = GatewayError.of(error);
      if (failure.isShared) this.#headers["x-request-id"] = requestIdOf(headers["x-request-id"]);
      this.#fail(failure);
      return;
    }
    const { rpc, entrant } = this.#scope;
    rpc.signal.addEventListener("abort", () => this.#aborted());
    if (entrant === undefined) this.#read();
    else
      entrant.admitted.then(
        () => this.#read(),
        (error: unknown) => this.#fail(GatewayError.of(error)),
      );
  }

  /** Until here the message waits with its sender, but for what one window lets through. */
  #read(): void {
    if (!this.#answered) this.#body = new RequestBody(this.#stream, this.#options.limits, this);
  }

  message(bytes: Buffer): void {
    const rpc = this.#scope?.rpc;
    this.#messageBytes = bytes.length;
    if (rpc === undefined || this.#answered) return;
    const failed = (error: unknown) => this.#fail(GatewayError.of(error));
    const { kind, read } = this.#method;
    try {
      if (kind === "unary") {
        const run = read(bytes);
        this.#handled = true;
        run(rpc).then((encode) => this.#answer(encode), failed);
      } else {
        const run = read(bytes);
        this.#handled = true;
        this.#events = run(rpc);
        this.#pump(this.#events).catch(failed);
      }
    } catch (error) {
      failed(error);
    }
  }

  broken(error: GatewayError): void {
    this.#fail(error);
  }

  #answer(encode: () => Uint8Array): void {
    if (this.#answered) return;
    const { responseBytesMax } = this.#options.limits;
    try {
      const message = encode();
      if (message.length > responseBytesMax) throw tooLarge(responseBytesMax);
      this.#respond();
      this.#finish(okTrailers, enveloped(message));
    } catch (error) {
      this.#undeliverable(error);
    }
  }

  /** Hands batches from the answer to the stream, one write each, and waits whenever the caller is behind. */
  async #pump(events: EventStream): Promise<void> {
    const stream = this.#stream;
    for (;;) {
      const { done, value } = await events.next();
      if (this.#answered) return;
      if (!stream.headersSent) this.#respond();
      if (done === true) break;
      try {
        stream.write(events.encode(value));
      } catch (error) {
        this.#undeliverable(error);
        return;
      }
      if (stream.writableLength > waitingBytesMax) await this.#drained();
    }
    this.#finish(okTrailers);
  }

  /** Resolves when the caller has read what waits, or has gone. */
  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const go = () => {
        this.#stream.off("drain", go);
        this.#stream.off("close", go);
        resolve();
      };
      this.#stream.on("drain", go);
      this.#stream.on("close", go);
    });
  }

  #respond(): void {
    const requestId = this.#scope?.rpc.requestId ?? "";
    this.#stream.respond(
      { ":status": 200, "content-type": "application/grpc+proto", "x-request-id": requestId, ...this.#headers },
      { waitForTrailers: true },
    );
    // A caller that reads nothing of its answer is cut off, also when all is written and no deadline runs any more.
    resetStalled(this.#stream, this.#options.limits.writeStallMs, constants.NGHTTP2_CANCEL);
  }

  #finish(trailers: OutgoingHttpHeaders, last?: Buffer): void {
    this.#answered = true;
    this.#trailers = trailers;
    this.#scope?.finish();
    if (!this.#stream.writable) return;
    if (last === undefined) this.#stream.end();
    else this.#stream.end(last);
  }

  /** The handler has answered, but its answer cannot be put on the wire: the chain has told of a success. */
  #undeliverable(error: unknown): void {
    const failure = GatewayError.of(error);
    if (failure.reason !== "INTERNAL") this.#tellRejected(failure);
    this.#fail(failure);
  }

  #fail(error: GatewayError): void {
    if (this.#answered) return;
    // A bug after the chain has told of its success, or before it could tell of anything.
    const isUntold = error.reason === "INTERNAL" && error.failure === undefined;
    if (!this.#handled || isUntold) this.#tellRejected(error);
    this.#body?.stop();
    const trailers = errorTrailers(error);
    const stream = this.#stream;
    // Whatever still works for the call stops: the answer may have failed here, not there.
    this.#answered = true;
    this.#scope?.abort(error);
    this.#events?.return();
    if (stream.headersSent || stream.destroyed || stream.closed) {
      this.#finish(trailers);
    } else {
      const head = {
        ":status": 200,
        "content-type": "application/grpc+proto",
        ...this.#requestId(),
        ...this.#headers,
        ...trailers,
      };
      stream.respond(head, { endStream: true });
    }
    // The caller may still be sending: tell it to stop, without an error (RFC 9113, 8.1).
    if (!stream.readableEnded && !stream.destroyed)
      stream.once("finish", () => stream.close(constants.NGHTTP2_NO_ERROR));
  }

  /** Tells of a failure that the chain has not seen. */
  #tellRejected(error: GatewayError): void {
    const { requestId, caller, method } = this.#scope?.rpc ?? {};
    const durationMs = performance.now() - this.#startMs;
    this.#options.rejected(
      {
        method: method ?? this.#path.slice(1),
        requestId: requestId ?? error.metadata.get("x-request-id") ?? String(this.#headers["x-request-id"] ?? ""),
        keyId: caller?.keyId ?? "",
        tenantId: caller?.tenantId ?? "",
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
    if (this.#answered) return;
    if (this.#events === undefined && this.#body !== undefined) this.#body.stop();
    // The chain hears the same signal and says what was tried and what it cost; this is for when it says nothing.
    setImmediate(() => this.#fail(reason));
  }

  #closed(): void {
    this.#body?.stop();
    if (!this.#answered) {
      this.#answered = true;
      // A reset comes on a connection that lives.
      this.#scope?.abort(this.#session?.destroyed === true ? connectionLost : callerLeft);
      this.#events?.return();
    }
    // Node keeps the stream until the next full collection: what the call held must not stay with it.
    this.#scope = undefined;
    this.#body = undefined;
    this.#events = undefined;
  }
}

function tooLarge(limit: number): GatewayError {
  return new GatewayError("PAYLOAD_TOO_LARGE", `the answer is larger than the limit of ${limit} bytes. Stream it`, {
    metadata: { limitBytes: String(limit) },
  });
}
