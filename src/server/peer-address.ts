import type { Http2Session } from "node:http2";
import type { Socket } from "node:net";
import type { AnyRequest } from "./request-handler.ts";

/** What calls come on, one after the other or at once. */
export type Connection = Http2Session | Socket;

/** The connection of a request; undefined once that is gone. */
export function connectionOf(request: AnyRequest): Connection | undefined {
  return "stream" in request ? request.stream.session : request.socket;
}

/** Address of the other end of a connection; empty once that is gone, which HTTP/2 tells by an exception. */
export function peerAddressOf(connection: () => { readonly remoteAddress?: string | undefined } | undefined): string {
  try {
    return connection()?.remoteAddress ?? "";
  } catch {
    return "";
  }
}
