import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
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
import type { Logger } from "pino";
import { file_google_rpc_error_details } from "../../gen/google/rpc/error_details_pb.ts";
import { file_llmhub_v1_completion } from "../../gen/llmhub/v1/completion_pb.ts";
import { GatewayError } from "../model/error.ts";
import { rpcKey } from "../services/context.ts";
import type { Admission } from "./admission.ts";
import { BoundedStream, orAborted } from "./bounded.ts";
import { timeoutHeaders } from "./deadline.ts";
import { failureOf } from "./failure.ts";
import { callerLeft, type RpcScope } from "./rpc-scope.ts";
import { answerUnknown } from "./unknown-rpc.ts";

/** A request of HTTP/1.1 or HTTP/2. */
export type AnyRequest = IncomingMessage | Http2ServerRequest;
/** The response to `AnyRequest`. */
export type AnyResponse = ServerResponse | Http2ServerResponse;

/** What the access log says about a call, once it is over. */
export interface AccessLine {
  /** "llmhub.v1.CompletionService/Complete". */
  readonly method: string;
  readonly protocol: string;
  readonly requestId: string;
  /** Empty when the caller is unknown. */
  readonly keyId: string;
  readonly durationMs: number;
  /** Undefined: the call succeeded. */
  readonly error: GatewayError | undefined;
}

/** What the handler is made of. */
export interface ConnectOptions {
  readonly routes: (router: ConnectRouter) => void;
  readonly admission: Admission;
  /** Per message, after decompression. */
  readonly requestBytesMax: number;
  readonly responseBytesMax: number;
  readonly log: Logger;
  /** Called once per call, at its end. */
  readonly accessLine: (line: AccessLine) => void;
  /** The clock of performance.now(). */
  readonly now: () => number;
}

/** A call between its headers and its end. */
interface Admitted {
  readonly startMs: number;
  /** The open call, or why there is none. */
  readonly scope: RpcScope | GatewayError;
  /** The handler has ended well; what is left is writing. */
  served: boolean;
}

const admittedKey = createContextKey<Admitted | undefined>(undefined);

/** Never reached: answers are not compressed, because tokens come in pieces too small to gain from it. */
const compressMinBytes = Number.MAX_SAFE_INTEGER;

/**
 * Serves services over Connect, gRPC and gRPC-Web, on HTTP/1.1 and HTTP/2. Handlers find the Rpc under `rpcKey`, and
 * their context's signal is the Rpc's: silent after success. Whatever a handler throws arrives as a GatewayError.
 */
export function connectHandler(options: ConnectOptions): (request: AnyRequest, response: AnyResponse) => void {
  return connectNodeAdapter({
    routes: options.routes,
    acceptCompression: [compressionGzip],
    compressMinBytes,
    readMaxBytes: options.requestBytesMax,
    writeMaxBytes: options.responseBytesMax,
    jsonOptions: { registry: createRegistry(file_google_rpc_error_details, file_llmhub_v1_completion) },
    contextValues: (request) => admit(request, options),
    requestGate: (context) => gate(context, options),
    interceptors: [bounded(options)],
    fallback: answerUnknown,
  });
}

/** Runs before the framework looks at the request, so that no deadline but ours is in force. */
function admit(request: AnyRequest, { admission, now }: ConnectOptions): ContextValues {
  const values = createContextValues();
  const startMs = now();
  let scope: RpcScope | GatewayError;
  try {
    scope = admission.admit(request.headers, request.url?.split("?", 1)[0] ?? "");
    values.set(rpcKey, scope.rpc);
  } catch (error) {
    scope = GatewayError.of(error);
  }
  for (const name of timeoutHeaders) delete request.headers[name];
  return values.set(admittedKey, { startMs, scope, served: false });
}

/** Lets the admitted in and waits for the end: the context's signal fires at the end of every call, however it ends. */
function gate(context: HandlerContext, options: ConnectOptions): void {
  const admitted = context.values.get(admittedKey);
  if (admitted === undefined) throw new Error("a call reached the gate without admission");
  const ended = () => end(context, admitted, options);
  if (context.signal.aborted) ended();
  else context.signal.addEventListener("abort", ended, { once: true });
  if (admitted.scope instanceof GatewayError) throw admitted.scope;
  context.responseHeader.set("x-request-id", admitted.scope.rpc.requestId);
}

/** The framework fires the signal with the error just before it writes that error: the moment to complete it. */
function end(context: HandlerContext, { startMs, scope, served }: Admitted, options: ConnectOptions): void {
  const refused = scope instanceof GatewayError;
  const requestId = refused ? (scope.metadata.get("x-request-id") ?? "") : scope.rpc.requestId;
  const reason: unknown = context.signal.reason;
  let error = served ? undefined : callerLeft;
  if (reason instanceof ConnectError) {
    error = failureOf(reason, requestId, options.requestBytesMax);
    if (error !== reason) complete(reason, error);
  }
  if (!refused && error === undefined) scope.finish();
  else if (!refused) scope.abort(error ?? callerLeft);
  options.accessLine({
    method: `${context.service.typeName}/${context.method.name}`,
    protocol: context.protocolName,
    requestId,
    keyId: refused ? "" : scope.rpc.caller.keyId,
    durationMs: options.now() - startMs,
    error,
  });
}

/** Makes an error of the framework say what ours says. */
function complete(error: ConnectError, { code, rawMessage, message, details }: GatewayError): void {
  Object.assign(error, { code, rawMessage, message, details });
}

/** Ends a call at its deadline even if the handler does not, and makes every failure a GatewayError. */
function bounded(options: ConnectOptions): Interceptor {
  return (next) => async (request) => {
    const admitted = request.contextValues.get(admittedKey);
    if (admitted === undefined || admitted.scope instanceof GatewayError) throw new Error("a call was not admitted");
    const { requestId, method, signal } = admitted.scope.rpc;
    const failed = (error: unknown): GatewayError => {
      const failure = failureOf(error, requestId, options.requestBytesMax);
      if (failure.reason === "INTERNAL")
        options.log.error({ err: failure.cause, requestId, method }, "a handler failed");
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
