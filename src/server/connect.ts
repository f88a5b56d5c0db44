import type { IncomingHttpHeaders } from "node:http";
import { constants, type Http2Session } from "node:http2";
import { createRegistry } from "@bufbuild/protobuf";
import {
  ConnectError,
  type ConnectRouter,
  type ContextValues,
  createContextKey,
  createContextValues,
  type HandlerContext,
  type Interceptor,
} from "@connectrpc/connect";
import { compressionGzip, connectNodeAdapter } from "@connectrpc/connect-node";
import { file_google_rpc_error_details } from "../../gen/google/rpc/error_details_pb.ts";
import { file_llmhub_v1_completion } from "../../gen/llmhub/v1/completion_pb.ts";
import { callerLeft, connectionLost } from "../model/departure.ts";
import { GatewayError } from "../model/error.ts";
import { rpcKey } from "../services/context.ts";
import type { CallEnd } from "../telemetry/call-lines.ts";
import { faultOf, type Logger } from "../telemetry/logger.ts";
import { traceContextOf } from "../telemetry/tracing/trace-headers.ts";
import { type Admission, requestIdOf } from "./admission.ts";
import { BoundedStream, orAborted } from "./bounded.ts";
import { timeoutHeaders } from "./deadline.ts";
import { failureOf } from "./failure.ts";
import { type Connection, connectionOf, peerAddressOf } from "./peer-address.ts";
import type { AnyRequest, RequestHandler } from "./request-handler.ts";
import type { RpcScope } from "./rpc-scope.ts";
import { sendTrailersOnly } from "./trailers-only.ts";
import { answerUnknown } from "./unknown-rpc.ts";

/** What there is to tell of a call, once it is over. */
export interface AccessLine extends CallEnd {
  readonly protocol: string;
}

/** What the handler is made of. */
export interface ConnectOptions {
  readonly routes: (router: ConnectRouter) => void;
  readonly admission: Admission;
  /** Per message, after decompression. */
  readonly requestBytesMax: number;
  readonly responseBytesMax: number;
  /** For a message over HTTP/2 to arrive as a whole. Over HTTP/1.1 the listener sees to that. */
  readonly bodyTimeoutMs: number;
  readonly log: Logger;
  /** Called once per call, at its end. */
  readonly accessLine: (line: AccessLine) => void;
  /** The clock of performance.now(). */
  readonly now: () => number;
}

/** The headers of a call as they came. */
interface Arrival {
  readonly startMs: number;
  readonly headers: IncomingHttpHeaders;
  /** Without the query. */
  readonly path: string;
  /** What it came on. Undefined over HTTP/1.1, where to close the connection is how one cancels. */
  readonly session: Http2Session | undefined;
  readonly connection: Connection | undefined;
  readonly peerAddress: () => string;
  /** Resets the stream. Undefined over HTTP/1.1. */
  readonly reset: (() => void) | undefined;
}

/** A call between its admission and its end. */
interface Admitted {
  readonly scope: RpcScope;
  /** The handler has been called. */
  handled: boolean;
  /** The framework is done with it, but for what is left to write. */
  ended: boolean;
  /** Runs out when the message takes too long. */
  timer: NodeJS.Timeout | undefined;
  /** The handler has ended well; what is left is writing. */
  served: boolean;
}

const arrivalKey = createContextKey<Arrival | undefined>(undefined);
const admittedKey = createContextKey<Admitted | undefined>(undefined);

/** Never reached: answers are not compressed, because tokens come in pieces too small to gain from it. */
const compressMinBytes = Number.MAX_SAFE_INTEGER;

/**
 * Serves services over Connect, gRPC and gRPC-Web, on HTTP/1.1 and HTTP/2. Handlers find the Rpc under `rpcKey`, and
 * their context's signal is the Rpc's: silent after success. Whatever a handler throws arrives as a GatewayError.
 */
export function connectHandler(options: ConnectOptions): RequestHandler {
  const handle = connectNodeAdapter({
    ...guards(options),
    routes: options.routes,
    acceptCompression: [compressionGzip],
    compressMinBytes,
    jsonOptions: { registry: createRegistry(file_google_rpc_error_details, file_llmhub_v1_completion) },
    contextValues: (request) => arrive(request, options.now()),
    fallback: answerUnknown,
  });
  return (request, response) => {
    if (/^application\/grpc(?!-web)/.test(request.headers["content-type"] ?? "")) sendTrailersOnly(response);
    handle(request, response);
  };
}

/** What stands between the framework and the handlers, whoever brings the calls. */
export function guards(options: ConnectOptions) {
  return {
    readMaxBytes: options.requestBytesMax,
    writeMaxBytes: options.responseBytesMax,
    requestGate: (context: HandlerContext) => gate(context, options),
    interceptors: [bounded(options)],
  };
}

/** Runs before the framework reads the headers: no deadline but ours shall be in force. */
function arrive(request: AnyRequest, startMs: number): ContextValues {
  const headers = { ...request.headers };
  for (const name of timeoutHeaders) delete request.headers[name];
  const path = request.url?.split("?", 1)[0] ?? "";
  const session = "stream" in request ? request.stream.session : undefined;
  const reset = "stream" in request ? () => request.stream.close(constants.NGHTTP2_CANCEL) : undefined;
  const peerAddress = () => peerAddressOf(() => request.socket);
  return createContextValues().set(arrivalKey, {
    ...{ startMs, headers, path, session, peerAddress, reset },
    connection: connectionOf(request),
  });
}

/** Of a caller in this process. */
function arrivalOf(context: HandlerContext, startMs: number): Arrival {
  return {
    startMs,
    headers: Object.fromEntries(context.requestHeader),
    path: new URL(context.url).pathname,
    session: undefined,
    connection: undefined,
    peerAddress: () => "",
    reset: undefined,
  };
}

/** Runs before the body is read. The context's signal fires at the end of every call that comes here, however it ends. */
function gate(context: HandlerContext, options: ConnectOptions): void | Promise<void> {
  const arrival = context.values.get(arrivalKey) ?? arrivalOf(context, options.now());
  const facts = { startMs: arrival.startMs, method: arrival.path.slice(1), protocol: context.protocolName };
  let scope: RpcScope;
  try {
    scope = options.admission.admit(arrival.headers, arrival.path, {
      peerAddress: arrival.peerAddress,
      connection: arrival.connection,
      answerHeader: (name, value) => context.responseHeader.set(name, value),
      heldBytes: () => Number(arrival.headers["content-length"] ?? 0),
    });
  } catch (error) {
    const failure = ownOf(GatewayError.of(error));
    const requestId = failure.metadata.get("x-request-id") ?? requestIdOf(arrival.headers["x-request-id"]);
    failure.metadata.set("x-request-id", requestId);
    options.accessLine(
      accessLine(
        facts,
        { requestId, keyId: "", tenantId: "", trace: traceContextOf(arrival.headers), handled: false },
        failure,
        options.now(),
      ),
    );
    throw failure;
  }
  const admitted: Admitted = { scope, handled: false, ended: false, timer: undefined, served: false };
  context.values.set(admittedKey, admitted).set(rpcKey, scope.rpc);
  context.responseHeader.set("x-request-id", scope.rpc.requestId);
  const ended = (): void => {
    admitted.ended = true;
    clearTimeout(admitted.timer);
    const isLost = arrival.session?.destroyed === true;
    const error = end(context.signal, admitted, isLost, options.requestBytesMax);
    const { requestId, caller, trace } = scope.rpc;
    const { keyId, tenantId } = caller;
    options.accessLine(
      accessLine(facts, { requestId, keyId, tenantId, trace, handled: admitted.handled }, error, options.now()),
    );
  };
  if (context.signal.aborted) ended();
  else context.signal.addEventListener("abort", ended, { once: true });
  const read = (): void => awaitMessage(admitted, arrival.reset, options.bodyTimeoutMs);
  if (scope.entrant === undefined) return read();
  return scope.entrant.admitted.then(read, (error: unknown) => {
    throw ownOf(GatewayError.of(error));
  });
}

/** The framework waits for a message without end: a call that ends while it does is reset. */
function awaitMessage(admitted: Admitted, reset: (() => void) | undefined, timeoutMs: number): void {
  if (reset === undefined || admitted.ended) return;
  const { scope } = admitted;
  const over = (): void => {
    if (!admitted.handled && !admitted.ended) reset();
  };
  scope.rpc.signal.addEventListener("abort", over, { once: true });
  admitted.timer = setTimeout(() => scope.abort(tooSlow(timeoutMs)), timeoutMs);
}

function tooSlow(ms: number): GatewayError {
  const message = `the request did not arrive within ${ms} ms`;
  return new GatewayError("DEADLINE_EXCEEDED", message, { metadata: { deadlineMs: String(ms) } });
}

/** What is shared must not be written to, as the framework does. */
function ownOf(error: GatewayError): GatewayError {
  return error.isShared ? error.with({}) : error;
}

function accessLine(
  { startMs, ...facts }: Pick<AccessLine, "method" | "protocol"> & { readonly startMs: number },
  caller: Pick<AccessLine, "requestId" | "keyId" | "tenantId" | "trace" | "handled">,
  error: GatewayError | undefined,
  nowMs: number,
): AccessLine {
  return { ...facts, ...caller, durationMs: nowMs - startMs, error };
}

/** The framework fires the signal with the error just before it writes that error: the moment to complete it. */
function end(
  signal: AbortSignal,
  { scope, served }: Admitted,
  isLost: boolean,
  limitBytes: number,
): GatewayError | undefined {
  const reason: unknown = signal.reason;
  let error = served ? undefined : callerLeft;
  if (reason instanceof ConnectError) {
    error = failureOf(reason, scope.rpc.requestId, limitBytes);
    if (error !== reason) complete(reason, error);
  }
  const aborted = scope.rpc.signal;
  if (error?.reason === "CANCELLED" && error !== reason)
    error = aborted.aborted ? GatewayError.of(aborted.reason) : isLost ? connectionLost : callerLeft;
  if (error === undefined) scope.finish();
  else scope.abort(error);
  return error;
}

/** Makes an error of the framework say what ours says. */
function complete(error: ConnectError, { code, rawMessage, message, details }: GatewayError): void {
  Object.assign(error, { code, rawMessage, message, details });
}

/** Ends a call at its deadline even if the handler does not, and makes every failure a GatewayError. */
function bounded(options: ConnectOptions): Interceptor {
  return (next) => async (request) => {
    const admitted = request.contextValues.get(admittedKey);
    if (admitted === undefined) throw new Error("a call reached its handler without admission");
    admitted.handled = true;
    clearTimeout(admitted.timer);
    const { requestId, method, signal } = admitted.scope.rpc;
    const failed = (error: unknown): GatewayError => {
      const failure = failureOf(error, requestId, options.requestBytesMax);
      if (failure.reason === "INTERNAL")
        options.log.error({ fault: faultOf(failure.cause ?? failure), requestId, method }, "a handler failed");
      return failure;
    };
    const done = (): void => {
      admitted.served = true;
    };
    try {
      const response = await orAborted(next({ ...request, signal }), signal);
      if (response.stream) return { ...response, message: new BoundedStream(response.message, signal, done, failed) };
      done();
      return response;
    } catch (error) {
      throw failed(error);
    }
  };
}
