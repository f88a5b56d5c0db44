import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Rpc } from "../../model/call.ts";
import { GatewayError } from "../../model/error.ts";
import type { EventStream } from "../../services/event-stream.ts";
import type { Rejection } from "../../telemetry/rejections.ts";
import type { Admission } from "../admission.ts";
import { Lasting } from "../lasting.ts";
import { GrpcCall } from "./call.ts";
import type { RequestLimits } from "./request-body.ts";

/** Calls that are over within this time cost no timers. */
const soonMsMax = 1000;

/** A hot method: how its request is read and who answers. */
export type GrpcMethod = UnaryMethod | StreamMethod;

interface UnaryMethod {
  readonly kind: "unary";
  /** Reads the request; what it gives carries it out, and tells the sink once how that ended. */
  readonly read: (message: Uint8Array) => (rpc: Rpc, sink: UnarySink) => void;
}

/** Who waits for the end of a unary call. */
export interface UnarySink {
  /** The answer is encoded by the sink, as a message in its envelope: that can fail, too. */
  answered<Answer>(answer: Answer, encode: (answer: Answer) => Buffer): void;
  failed(error: unknown): void;
}

interface StreamMethod {
  readonly kind: "stream";
  /** Reads the request; what it gives carries it out. */
  readonly read: (message: Uint8Array) => (rpc: Rpc) => EventStream;
}

/** What the transport is made of. */
export interface TransportOptions {
  /** By path: "/llmhub.v1.CompletionService/Complete". */
  readonly methods: ReadonlyMap<string, GrpcMethod>;
  readonly admission: Admission;
  readonly limits: GrpcLimits;
  /** Told of each call that ends before a handler has seen it, or whose answer cannot be delivered. */
  readonly rejected: (rejection: Rejection, error: GatewayError) => void;
}

/** What each call is made of. */
export interface GrpcOptions extends TransportOptions {
  /** Told of each call from its beginning until its stream is closed. */
  readonly lasting: Lasting<GrpcCall>;
}

/** Bounds on one call. */
export interface GrpcLimits extends RequestLimits {
  readonly responseBytesMax: number;
  /** How long a caller may read nothing of what is ready for it. */
  readonly writeStallMs: number;
}

/**
 * gRPC for the hot methods, straight on node:http2: one write per batch, no object per chunk, no web streams. Everything
 * else (other methods, other protocols, compressed requests) is not taken and goes the general way.
 */
export class GrpcTransport {
  readonly #options: GrpcOptions;

  constructor(options: TransportOptions) {
    const { writeStallMs, bodyTimeoutMs } = options.limits;
    const soonMs = Math.min(soonMsMax, writeStallMs, bodyTimeoutMs);
    this.#options = { ...options, lasting: new Lasting(soonMs, (call) => call.lasts()) };
  }

  /** Takes a stream if it is a plain gRPC call of a hot method. */
  readonly take = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): GrpcCall | undefined => {
    const path = headers[":path"];
    const method = typeof path === "string" ? this.#options.methods.get(path) : undefined;
    if (method === undefined || !isPlainGrpc(headers)) return undefined;
    const call = new GrpcCall(stream, path as string, method, this.#options);
    call.start(headers);
    return call;
  };
}

function isPlainGrpc(headers: IncomingHttpHeaders): boolean {
  const contentType = headers["content-type"];
  if (contentType !== "application/grpc" && contentType !== "application/grpc+proto") return false;
  const encoding = headers["grpc-encoding"];
  return headers[":method"] === "POST" && (encoding === undefined || encoding === "identity");
}

/** Reads one kind of message; throws when it cannot be read. */
export interface Decoder<Request> {
  /** Full name of the message. */
  readonly typeName: string;
  decode(bytes: Uint8Array): Request;
}

/** A unary method out of a handler; `encode` gives the answer in its envelope. */
export function unary<Request, Answer>(
  decoder: Decoder<Request>,
  handle: (request: Request, rpc: Rpc) => Promise<Answer>,
  encode: (answer: Answer) => Buffer,
): GrpcMethod {
  return {
    kind: "unary",
    read: (bytes) => {
      const request = decoded(decoder, bytes);
      return (rpc, sink) => {
        handle(request, rpc).then(
          (answer) => sink.answered(answer, encode),
          (error: unknown) => sink.failed(error),
        );
      };
    },
  };
}

/** A streaming method out of a handler. */
export function streaming<Request>(
  decoder: Decoder<Request>,
  handle: (request: Request, rpc: Rpc) => EventStream,
): GrpcMethod {
  return {
    kind: "stream",
    read: (bytes) => {
      const request = decoded(decoder, bytes);
      return (rpc) => handle(request, rpc);
    },
  };
}

function decoded<Request>(decoder: Decoder<Request>, bytes: Uint8Array): Request {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new GatewayError("INVALID_REQUEST", `the message is not a readable ${decoder.typeName}`, { cause });
  }
}
