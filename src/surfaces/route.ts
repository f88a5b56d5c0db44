import type { IncomingHttpHeaders } from "node:http";
import type { Rpc } from "../model/call.ts";
import type { GatewayError } from "../model/error.ts";
import type { Operation } from "./documented.ts";

/** A request of plain HTTP, apart from its body. */
export interface HttpRequest {
  readonly headers: IncomingHttpHeaders;
  /** Value of the parameter at the end of the path, decoded; empty where the route has none. */
  readonly parameter: string;
  readonly query: URLSearchParams;
}

/** A JSON body. */
export interface JsonBody {
  /** As JSON.parse gives it. */
  readonly value: unknown;
  /** The same with every number as it was written, for what is passed on as JSON text (see `parseExact`). Made once. */
  readonly exact: () => unknown;
}

/** An answer in one piece. */
export interface WholeAnswer {
  readonly kind: "whole";
  /** 200 unless given. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** "application/json" unless given. */
  readonly type?: string;
  readonly body: string;
}

/** Server-sent events. */
export interface StreamedAnswer {
  readonly kind: "streamed";
  /** Asked once, when the first event is there. */
  readonly headers?: () => Readonly<Record<string, string>>;
  /**
   * Text of whole events, what belongs together in one piece. Nothing is sent before the first, so that a failure until
   * then is a status; one that comes later is told by `Words.broken`.
   */
  readonly events: AsyncIterableIterator<string>;
  /** Instead of `Words.broken`, where the last event depends on those before. */
  readonly broken?: Words["broken"];
}

/** What a route answers. */
export type Answer = WholeAnswer | StreamedAnswer;

/** An error as a surface tells it. */
export interface Failure {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: object;
}

/** How a surface tells of failures. */
export interface Words {
  /** See Rpc.dialect. */
  readonly dialect?: string;
  /** Before anything was sent. `requestId` is the gateway's. */
  failure(error: GatewayError, requestId: string): Failure;
  /** In the midst of a stream: the text of the last event. */
  broken(error: GatewayError, requestId: string): string;
}

type Place<Key extends Operation> = Key extends `${infer Method extends "GET" | "POST"} ${infer Path}`
  ? { readonly method: Method; readonly path: Path }
  : never;

/**
 * Method and path, of the routes that are documented: another does not compile. "/v1/models/{model}": a parameter stands at
 * the end and takes the rest of the path, slashes included.
 */
export type Endpoint = { [Key in Operation]: Place<Key> }[Operation];

/** A path of plain HTTP and who answers there. */
export type Route = Endpoint & {
  /** The call goes through the chains, which tell of it in log and metrics. */
  readonly chained: boolean;
  /** Errors in the words of the surface; by header where several share a path. */
  readonly words: (headers: IncomingHttpHeaders) => Words;
  /**
   * Reads the request; what it gives carries it out. Throws what is wrong with the request.
   * @param body null for GET.
   */
  readonly read: (body: JsonBody, request: HttpRequest) => (rpc: Rpc) => Promise<Answer>;
};

/** The same words whatever the headers say. */
export function always(words: Words): (headers: IncomingHttpHeaders) => Words {
  return () => words;
}
