import type { OutgoingHttpHeaders } from "node:http";
import { constants, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import { callerLeft, connectionLost } from "../../model/departure.ts";
import { GatewayError } from "../../model/error.ts";
import type { TraceContext } from "../../model/trace.ts";
import { envelopeBytes } from "../../services/event-encoder.ts";
import type { EventStream } from "../../services/event-stream.ts";
import { traceContextOf } from "../../telemetry/tracing/trace-headers.ts";
import { type Line, requestIdOf } from "../admission.ts";
import { resetStalled } from "../http2-core.ts";
import { peerAddressOf } from "../peer-address.ts";
import type { RpcScope } from "../rpc-scope.ts";
import { RequestBody, type RequestSink } from "./request-body.ts";
import { errorTrailers, okTrailers } from "./status.ts";
import type { GrpcMethod, GrpcOptions, UnarySink } from "./transport.ts";

/** Bytes that may wait in the stream for a slow caller before the next batch is asked for. */
const waitingBytesMax = 64 * 1024;

/** How an answer begins; nobody reads a date in it. */
const head = { waitForTrailers: true, sendDate: false };
const failure = { endStream: true, sendDate: false };

/** One gRPC call on its HTTP/2 stream, from headers to trailers. Answers once. Hot path: nothing is made that few calls need. */
export class GrpcCall implements Line, RequestSink, UnarySink {
  readonly #stream: ServerHttp2Stream;
  readonly connection: ServerHttp2Session | undefined;
  readonly #method: GrpcMethod;
  readonly #options: GrpcOptions;
  readonly #path: string;
  readonly #startMs = performance.now();
  #headers: Record<string, string> | undefined;
  #scope: RpcScope | undefined;
  /** Of a call that is not let in. */
  #trace: TraceContext | undefined;
  #body: RequestBody | undefined;
  #events: EventStream | undefined;
  #messageBytes = 0;
  readonly peerAddress = (): string => peerAddressOf(() => this.#stream.session?.socket);
  readonly answerHeader = (name: string, value: string): void => {
    this.#headers ??= {};
    this.#headers[name] = value;
  };
  /** A handler has seen the call. */
  #handled = false;
  #answered = false;
  #lasts = false;

  constructor(stream: ServerHttp2Stream, path: string, method: GrpcMethod, options: GrpcOptions) {
    this.#stream = stream;
    this.connection = stream.session as ServerHttp2Session | undefined;
    this.#path = path;
    this.#method = method;
    this.#options = options;
  }

  start(headers: IncomingHttpHeaders): void {
    this.#options.lasting.add(this);
    try {
      this.#scope = this.#options.admission.admit(headers, this.#path, this);
    } catch (error) {
      this.#trace = traceContextOf(headers);
      const refusal = GatewayError.of(error);
      if (refusal.isShared) this.#headers = { "x-request-id": requestIdOf(headers["x-request-id"]) };
      this.#fail(refusal);
      return;
    }
    const { entrant } = this.#scope;
    if (entrant === undefined) this.#read(this.#startMs);
    else
      entrant.admitted.then(
        () => this.#read(performance.now()),
        (error: unknown) => this.#fail(GatewayError.of(error)),
      );
  }

  heldBytes(): number {
    return this.#messageBytes + this.#stream.writableLength;
  }

  /** Until here the message waits with its sender, but for what one window lets through. */
  #read(startMs: number): void {
    if (!this.#answered) this.#body = new RequestBody(this.#stream, startMs, this.#options.limits, this);
    if (this.#lasts) this.#body?.hurry();
  }

  message(bytes: Buffer): void {
    const rpc = this.#scope?.rpc;
    this.#messageBytes = bytes.length;
    if (rpc === undefined || this.#answered) return;
    const method = this.#method;
    try {
      if (method.kind === "unary") {
        const run = method.read(bytes);
        this.#handled = true;
        run(rpc, this);
      } else {
        const run = method.read(bytes);
        this.#handled = true;
        this.#events = run(rpc);
        this.#pump(this.#events).catch((error: unknown) => this.failed(error));
      }
    } catch (error) {
      this.failed(error);
    }
  }

  broken(error: GatewayError): void {
    this.#fail(error);
  }

  answered<Answer>(answer: Answer, encode: (answer: Answer) => Buffer): void {
    if (this.#answered) return;
    const { responseBytesMax } = this.#options.limits;
    try {
      const message = encode(answer);
      if (message.length > responseBytesMax + envelopeBytes) throw tooLarge(responseBytesMax);
      this.#respond();
      this.#finish(okTrailers, message);
    } catch (error) {
      this.#undeliverable(error);
    }
  }

  failed(error: unknown): void {
    this.#fail(GatewayError.of(error));
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
    const headers = [":status", "200", "content-type", "application/grpc+proto", "x-request-id", requestId];
    for (const name in this.#headers) headers.push(name, this.#headers[name] ?? "");
    this.#stream.respond(headers, head);
    if (this.#lasts) resetStalled(this.#stream, this.#options.limits.writeStallMs);
  }

  #finish(trailers: OutgoingHttpHeaders, last?: Buffer): void {
    this.#answered = true;
    this.#scope?.finish();
    const stream = this.#stream;
    if (!stream.writable) return;
    stream.on("wantTrailers", trailers === okTrailers ? sendOk : () => stream.sendTrailers(trailers));
    if (last === undefined) stream.end();
    else stream.end(last);
  }

  /** The handler has answered, but its answer cannot be put on the wire: the chain has told of a success. */
  #undeliverable(error: unknown): void {
    const problem = GatewayError.of(error);
    if (problem.reason !== "INTERNAL") this.#tellRejected(problem);
    this.#fail(problem);
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
      const headers = {
        ":status": 200,
        "content-type": "application/grpc+proto",
        ...this.#requestId(),
        ...this.#headers,
        ...trailers,
      };
      stream.respond(headers, failure);
    }
    // The caller may still be sending: tell it to stop, without an error (RFC 9113, 8.1).
    if (!stream.readableEnded && !stream.destroyed)
      stream.once("finish", () => stream.close(constants.NGHTTP2_NO_ERROR));
  }

  /** Tells of a failure that the chain has not seen. */
  #tellRejected(error: GatewayError): void {
    const { requestId, caller, method, trace = this.#trace } = this.#scope?.rpc ?? {};
    const durationMs = performance.now() - this.#startMs;
    this.#options.rejected(
      {
        method: method ?? this.#path.slice(1),
        requestId: requestId ?? error.metadata.get("x-request-id") ?? this.#headers?.["x-request-id"] ?? "",
        keyId: caller?.keyId ?? "",
        tenantId: caller?.tenantId ?? "",
        durationMs,
        trace,
      },
      error,
    );
  }

  #requestId(): OutgoingHttpHeaders {
    return this.#scope === undefined ? {} : { "x-request-id": this.#scope.rpc.requestId };
  }

  /** The call takes its time: from now on that of its parts runs out. Called once. */
  lasts(): void {
    this.#lasts = true;
    this.#body?.hurry();
    if (this.#stream.headersSent) resetStalled(this.#stream, this.#options.limits.writeStallMs);
  }

  /** The deadline passed, or the gateway stops. */
  aborted(reason: GatewayError): void {
    if (this.#answered) return;
    if (this.#events === undefined && this.#body !== undefined) this.#body.stop();
    // The chain hears the same signal and says what was tried and what it cost; this is for when it says nothing.
    setImmediate(() => this.#fail(reason));
  }

  /** The stream is closed, whoever closed it. */
  closed(): void {
    this.#body?.stop();
    if (!this.#answered) {
      this.#answered = true;
      // A reset comes on a connection that lives.
      this.#scope?.abort(this.connection?.destroyed === true ? connectionLost : callerLeft);
      this.#events?.return();
    }
    this.#options.lasting.remove(this);
    // Node keeps the stream until the next full collection: what the call held must not stay with it.
    this.#scope = undefined;
    this.#body = undefined;
    this.#events = undefined;
  }
}

function sendOk(this: ServerHttp2Stream): void {
  this.sendTrailers(okTrailers);
}

function tooLarge(limit: number): GatewayError {
  return new GatewayError("PAYLOAD_TOO_LARGE", `the answer is larger than the limit of ${limit} bytes. Stream it`, {
    metadata: { limitBytes: String(limit) },
  });
}
